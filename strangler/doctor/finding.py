"""One thing that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that does not fit.

    Attributes:
        level: `error` endangers a promise; `warning` does not yet.
        what: a sentence that says what is wrong.
        advice: a sentence that says what to do.
        mend: does it without asking, or None where a person must decide.
    """

    level: str
    capability: str
    what: str
    advice: str
    mend: Callable[[], None] | None = None
