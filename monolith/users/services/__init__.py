"""
Writes of the users.

Whoever changes an account, or anything that belongs to it, locks the account's row first: two changes of one account
never overlap, and no two wait for each other in a circle.
"""
