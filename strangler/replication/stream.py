"""Rows on their way from one home's database to the other's: what every mover can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home


@dataclass(frozen=True, slots=True)
class Flow:
    """
    Where a capability's rows come from and where they go.

    Attributes:
        tables: of the capability, parents before children.
    """

    capability: str
    source: Home
    target: Home
    tables: Sequence[str]
    source_connection: BaseDatabaseWrapper
    target_connection: BaseDatabaseWrapper

    def reversed(self) -> Flow:
        """Return the way back."""
        return Flow(
            self.capability, self.target, self.source, self.tables, self.target_connection, self.source_connection
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the first copy has come; *total* is the source's estimate. *done*: every table is in step."""

    rows: int
    total: int
    table: str
    done: bool


@dataclass(frozen=True, slots=True)
class Lag:
    """
    How far the target is behind.

    Attributes:
        size_bytes: of the log that the target has not confirmed; None where the mover does not count bytes.
        changes: that wait; None where the mover does not count them.
        seconds: since the oldest of them; 0.0 when nothing waits.
        errors: failed attempts to apply or to copy so far.
        problem: why nothing arrives, as a sentence; empty while all is well.
        lost: what was kept is gone, so that only a new copy helps.
    """

    size_bytes: int | None
    changes: int | None
    seconds: float
    errors: int
    problem: str
    lost: bool = False


class Stream(ABC):
    """
    One direction of a mover; every method may be repeated after a crash and finds what is done already.

    The order is: `arm`, `start`, any number of `progress`, `lag` and `drain`, and `stop`.
    """

    kind: ClassVar[str]

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    @abstractmethod
    def faults(self) -> Iterator[str]:
        """Yield a sentence for everything that keeps this mover from working between these two databases."""

    @abstractmethod
    def arm(self) -> None:
        """From now on, keep for the target whatever is committed at the source."""

    @abstractmethod
    def start(self, *, copy: bool) -> None:
        """
        Bring over what was kept and what comes; with *copy*, after all rows that were there before.

        With *copy* the target's tables must be empty; returns before the copy has ended. A repeat learns where the
        source is now.
        """

    @abstractmethod
    def forget(self) -> None:
        """Let go of what was kept since `arm`: the other stream brought it to the source, and it would go round."""

    @abstractmethod
    def progress(self) -> Progress:
        """Say how far the first copy is."""

    @abstractmethod
    def lag(self) -> Lag:
        """Say how far the target is behind now."""

    @abstractmethod
    def drain(self, holder: BaseDatabaseWrapper, timeout_s: float) -> None:
        """
        Return once the target has everything that was committed at the source before the call.

        Args:
            holder: the connection whose transaction may be keeping writers out of the source.

        Raises:
            TooSlow: it has not within *timeout_s*.
        """

    @abstractmethod
    def is_whole(self) -> bool:
        """Say whether everything stands by which changes are kept and brought over; without it some are lost."""

    def ready_to_drain(self) -> AbstractContextManager[None]:
        """Prepare for a `drain` that everybody waits for: within the block it has nothing left to set up."""
        return nullcontext()

    def adapt(self) -> None:  # noqa: B027  a mover whose log follows the tables by itself has nothing to do
        """
        Keep what changes in the source's tables although their definition has just changed or they are new.

        Runs inside the transaction of `flow.source_connection` that changed them, so that no change slips by.
        """

    @abstractmethod
    def refresh(self) -> None:
        """Bring over the tables that are new on both sides and forget those that are gone; outside any transaction."""

    @abstractmethod
    def stop(self) -> None:
        """Leave nothing of the stream behind on either side; rows stay."""

    @abstractmethod
    def traces(self) -> list[str]:
        """Return a sentence for everything of the stream that exists on either side."""
