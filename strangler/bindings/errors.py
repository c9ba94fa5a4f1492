"""Mistakes in how a capability is called; raised at the caller, in every binding alike."""

from __future__ import annotations

from strangler.errors import StranglerError


class CallInTransaction(StranglerError):
    """
    A call was made where its outcome could not be trusted (R12).

    A command inside a transaction has an effect that a rollback does not undo; a query after the transaction has
    written or locked makes others wait for a remote home.
    """


class TooManyCalls(StranglerError):
    """One request called one operation again and again: a bulk operation should replace the loop."""
