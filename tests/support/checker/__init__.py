"""
The independent checker of lost and doubled writes.

It knows the platform only as a client and a database administrator do: by HTTP and SQL. It imports nothing of the
toolkit, of the shop or of Django, runs in a process of its own, and keeps its own ledger on disk.

    load    open-loop traffic against one or more front doors, until it is stopped; writes the ledger; prints figures
    judge   compares a ledger with the rows of the home that owns them; exit code 1 when anything is lost or doubled,
            or when two homes ever admitted writers at the same instant
    pauses  how long writers waited, when a switch was made and when none was
"""
