"""State machines as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=str)


@dataclass(frozen=True)
class Transitions(Generic[S]):
    """
    Which state may follow which.

    Attributes:
        table: every state, with the states that may follow it; a terminal one has none.
    """

    table: Mapping[S, frozenset[S]]

    def after(self, state: S) -> frozenset[S]:
        """Return the states that may follow *state*."""
        return self.table[state]

    def before(self, target: S) -> frozenset[S]:
        """Return the states that *target* may follow: the WHERE of a conditional UPDATE."""
        return frozenset(state for state, following in self.table.items() if target in following)
