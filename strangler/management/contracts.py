"""What `strangler contracts` shows to a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from strangler.operations import Publication

_console = Console(highlight=False, soft_wrap=True)
_STYLES = {"kept": "green", "grown": "yellow", "new": "yellow", "broken": "red"}
_SAY = {
    "kept": "schema.json says what the code says",
    "grown": "the code offers more than schema.json; write it: manage.py strangler contracts --write",
    "new": "there is no schema.json yet; write it: manage.py strangler contracts --write",
    "broken": "the code breaks users of the released contract",
}


def contract_rows(found: Sequence[Publication]) -> dict[str, object]:
    """Return the contracts as JSON values."""
    rows = [
        {
            "capability": p.capability,
            "state": p.state,
            "file": str(p.file),
            "breaks": list(p.breaks),
            "unproven": list(p.unproven),
        }
        for p in found
    ]
    return {"contracts": rows}


def show_contracts(found: Sequence[Publication]) -> None:
    """Print one line for each contract, and one for each way in which it breaks or is not proven by samples."""
    if not found:
        _console.print("No app of this host publishes a contract.")
    for publication in found:
        state = publication.state
        line = Text(f"{state:7}", style=_STYLES[state]) + Text(
            f"{publication.capability}: {_SAY[state]}", style="default"
        )
        _console.print(line)
        for sentence in publication.breaks:
            _console.print(f"        {sentence}")
        for sentence in publication.unproven:
            _console.print(f"        {publication.samples_file.name}: {sentence}")


def show_written(found: Sequence[Publication]) -> None:
    """Print what was written."""
    written = [publication for publication in found if publication.state != "kept"]
    for publication in written:
        file = publication.file
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        _console.print(f"wrote   {shown}")
    if not written:
        _console.print("Nothing to write: every schema.json says what the code says.")
