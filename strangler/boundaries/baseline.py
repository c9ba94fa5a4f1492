"""
The committed file of border crossings that are known: it may only shrink.

What is new fails. What has vanished must be taken out, so that it cannot come back unseen. A tool writes a part of
the file once, from nothing, and only shortens it afterwards; a longer list is an edit by hand that a review sees.
"""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass, fields, replace
from pathlib import Path

from strangler.errors import SetupError


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known crossings by kind, as their keys; None: the part was never written."""

    imports: frozenset[str] | None = None
    relations: frozenset[str] | None = None
    statements: frozenset[str] | None = None

    def known(self, part: str) -> frozenset[str]:
        """Return the keys of a part, none when it was never written."""
        keys: frozenset[str] | None = getattr(self, part)
        return keys or frozenset()

    def shrunk(self, part: str, found: Set[str]) -> Baseline:
        """Return it without the keys of *part* that were not found; a part never written takes all that was found."""
        keys: frozenset[str] | None = getattr(self, part)
        return replace(self, **{part: frozenset(found if keys is None else keys & found)})


PARTS = tuple(f.name for f in fields(Baseline))


def read_baseline(path: Path) -> Baseline:
    """
    Return what *path* lists; a missing file lists nothing.

    Raises:
        SetupError: the file is not what `write_baseline` writes.
    """
    if not path.exists():
        return Baseline()
    try:
        document = json.loads(path.read_text())
        if unknown := document.keys() - set(PARTS):
            raise ValueError(f"unknown part {', '.join(sorted(unknown))}")
        return Baseline(**{part: frozenset(keys) for part, keys in document.items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise SetupError([f"{path} is no baseline of borders: {error}. Restore it from version control."]) from error


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write the file, sorted, one key a line, so that its history reads well."""
    document = {part: sorted(baseline.known(part)) for part in PARTS if getattr(baseline, part) is not None}
    path.write_text(json.dumps(document, indent=2) + "\n")
