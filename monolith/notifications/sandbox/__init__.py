"""
A mail server that keeps what it gets in a folder, so that a developer can look at it, and that plays others' moods.

A word in the address says which: `bounce` has no mailbox, `busy` takes mail at the second try, `refuse` does not like
the message, and `cut` takes it without ever saying so.
"""
