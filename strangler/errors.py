"""The root error of the toolkit and the branches that never mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class StranglerError(Exception):
    """Root of every error that the toolkit raises on purpose."""


class SetupError(StranglerError):
    """
    Something is wrong before the first request; raised while starting.

    Attributes:
        faults: every fault found, each one sentence with its likely cause.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Refused(StranglerError):
    """
    A verb was refused before it changed anything, or was undone completely.

    Attributes:
        reasons: every reason found, each saying what to do about it.
    """

    def __init__(self, reasons: Sequence[str] | str) -> None:
        self.reasons = (reasons,) if isinstance(reasons, str) else tuple(reasons)
        super().__init__("\n".join(self.reasons))


class Saturated(StranglerError):
    """A bounded waiting room is full; repeat later."""


class ContractError(StranglerError):
    """
    A capability refuses, as its contract says; the same class in every home.

    Attributes:
        code: stable, one of the capability's closed list.
        context: what a caller can act on, JSON types only.
    """

    code: ClassVar[str]

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context
