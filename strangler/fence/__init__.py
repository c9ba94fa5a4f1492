"""Refuse: the ownership row of each home, the triggers that enforce it, and what a refusal looks like in Python."""

from strangler.fence.moved import Moved
from strangler.fence.observation import Observation, external_effect, guard_connection, observe
from strangler.fence.owner import assert_owner, owner_of, owning
from strangler.fence.setup import after_migrate, fence_of, tables_of

__all__ = [
    "Moved",
    "Observation",
    "after_migrate",
    "assert_owner",
    "external_effect",
    "fence_of",
    "guard_connection",
    "observe",
    "owner_of",
    "owning",
    "tables_of",
]
