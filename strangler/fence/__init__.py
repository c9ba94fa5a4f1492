"""Refuse: the ownership row of each home, the triggers that enforce it, and what a refusal looks like in Python."""

from strangler.fence.alone import Busy, alone, on_refusal
from strangler.fence.drift import before_migrate
from strangler.fence.moved import Moved
from strangler.fence.observation import Observation, external_effect, guard_connection, observe
from strangler.fence.owner import assert_owner, await_ownership, own_connection, owner_of, owning, until_done
from strangler.fence.reading import UNASKED, confirmed, is_current, objection, other
from strangler.fence.restored import refuse_restored, watch_identity, why_restored
from strangler.fence.setup import after_migrate, fence_of, tables_of

__all__ = [
    "UNASKED",
    "Busy",
    "Moved",
    "Observation",
    "after_migrate",
    "alone",
    "assert_owner",
    "await_ownership",
    "before_migrate",
    "confirmed",
    "external_effect",
    "fence_of",
    "guard_connection",
    "is_current",
    "objection",
    "observe",
    "on_refusal",
    "other",
    "own_connection",
    "owner_of",
    "owning",
    "refuse_restored",
    "tables_of",
    "until_done",
    "watch_identity",
    "why_restored",
]
