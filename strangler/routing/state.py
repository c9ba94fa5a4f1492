"""The two ingredients of a table: the state of a capability, and the routes that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["read", "write"]
Home = Literal["monolith", "service"]
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class CapabilityState:
    """
    What the table says of one capability.

    Attributes:
        reads_weight: share of subjects read from the service, of 10,000; only in stage `canary`.
        epoch: counts the changes of the writer.
        switching: the writer may be changing now, so a home asks its own database even for reads.
    """

    name: str
    stage: str = "monolith"
    reads_weight: int = 0
    writer: Home = "monolith"
    epoch: int = 1
    switching: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix of the URL space, on segment borders, that belongs to a capability."""

    capability: str
    prefix: str
    host: str | None = None
    methods: frozenset[str] | None = None
    kind: Kind | None = None
    stale_ok: bool = False
    timeout_s: float | None = None

    def kind_of(self, method: str) -> Kind:
        """Return whether *method* reads or writes here."""
        return self.kind or ("read" if method in READ_METHODS else "write")
