"""What CHANGELOG.md says of one version: `python docker/notes.py 0.2.0`."""

from __future__ import annotations

import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def notes(changelog: str, version: str) -> str:
    """
    Return the section of *version*, without its title.

    Raises:
        LookupError: there is none.
    """
    for section in changelog.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if title.split()[0].strip("[]") == version:
            return text.strip() + "\n"
    raise LookupError(f"CHANGELOG.md has no section {version}: rename `Unreleased` before the tag is made.")


if __name__ == "__main__":
    try:
        print(notes(CHANGELOG.read_text(), sys.argv[1]), end="")
    except LookupError as error:
        sys.exit(str(error))
