"""Which home may answer a read, asked of a home's own row where the table may be old (ADR 0005)."""

from __future__ import annotations

from django.db import DatabaseError

from strangler.conf import HOMES, Home
from strangler.fence.owner import owner_of
from strangler.routing import Decision
from strangler.state import Owned, follower

ANY_HOME = frozenset({"share", "override"})
"""Reasons to ask a home although it need not be the writer: a share of the subjects, or a person's wish."""

UNASKED = "unasked"
"""The reason of a read sent by a table that may be old, by a host that could not ask a row of its own."""


def other(home: Home) -> Home:
    """Return the home that *home* is not."""
    return HOMES[1] if home == HOMES[0] else HOMES[0]


def is_current(decision: Decision) -> bool:
    """Return whether a switch would wait for this process before it lets *decision* be wrong."""
    return not decision.switching and follower.leased()


def confirmed(decision: Decision, home: Home) -> Decision:
    """
    Return the decision for a read as *home*'s own database makes it, when the table may be old.

    Args:
        home: the home that this host is.

    Raises:
        DatabaseError: the own database does not answer, and the table names no other home.
    """
    if decision.reason in ANY_HOME or is_current(decision):
        return decision
    try:
        owned = owner_of(decision.capability)
    except DatabaseError:
        if decision.home == home:
            raise
        return decision._replace(reason=UNASKED)
    # Whoever has owned since we did holds newer rows; an undo raises our row's epoch before anybody owns it.
    return decision._replace(home=home if owned.owner == home else other(home), epoch=owned.owned_epoch + 1)


def objection(decision: Decision, home: Home, *, epoch: int, reason: str) -> Owned | None:
    """
    Return who should be asked instead of *home* for a read that another host has sent here, or None to answer it.

    Args:
        decision: what this host's own table says.
        epoch: what the sender knows; so is *reason* the sender's.
    """
    any_home = reason in ANY_HOME
    if decision.epoch >= epoch and is_current(decision) and (any_home or decision.home == home):
        return None
    owned = owner_of(decision.capability)
    # A home that has closed still holds every write up to its last epoch, and the sender had not opened when the
    # request was under way already: its rows, though closed, are the newest there are.
    owned_epoch = owned.epoch if any_home or owned.owner == home else owned.owned_epoch
    if owned_epoch < epoch or (reason == UNASKED and owned.owner != home):
        return owned
    return None
