"""
Writes of payments: each function owns its transaction, changes what it names or nothing, refuses by raising.

No provider is called in a transaction (R12): what is to be asked is recorded first, as an attempt, and asked when that
has committed.
"""
