"""One thing that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mend:
    """
    What can be done about a finding without asking anybody.

    Attributes:
        does: a sentence that says what.
        act: does it; may be repeated.
    """

    does: str
    act: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that does not fit.

    Attributes:
        code: stable; a section of `docs/runbooks/doctor.md` is called the same.
        level: `error` endangers a promise; `warning` does not yet.
        what: a sentence that says what is wrong.
        advice: a sentence that says what to do.
        mend: or None where a person must decide.
    """

    code: str
    level: str
    capability: str
    what: str
    advice: str
    mend: Mend | None = None
