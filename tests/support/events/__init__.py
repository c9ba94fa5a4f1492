"""
An actor that has notes written, and a judge of the effects that the events about them had.

They know HTTP, SQL and a ledger on disk, and nothing of the project: `python -m tests.support.events act PLAN.json`,
and `... judge LEDGER --run RUN HOME=DSN HOME=DSN`.
"""
