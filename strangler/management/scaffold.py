"""What `strangler scaffold` shows to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from strangler.operations import Scaffold

_console = Console(highlight=False, soft_wrap=True)
_SAY = {True: {"new": "would write", "changed": "would change", "unchanged": "unchanged"},
        False: {"new": "wrote", "changed": "changed", "unchanged": "unchanged"}}  # fmt: skip


def scaffold_rows(made: Scaffold) -> dict[str, Any]:
    """Return everything as JSON values."""
    return {
        "capability": made.name,
        "files": {_shown(path): state for path, state in made.files.items()},
        "gaps": [gap._asdict() for gap in made.gaps],
        "bonds": made.bonds,
        "steps": list(made.steps),
    }


def show_scaffold(made: Scaffold, *, dry_run: bool) -> None:
    """Print what was written, what is missing, what binds, and what to do next."""
    for path, state in made.files.items():
        _console.print(Text.assemble((f"{_SAY[dry_run][state]:13}", "green"), _shown(path)))
    _console.print("\nStill missing", style="bold")
    for gap in made.gaps:
        _console.print(Text.assemble(("  ○ ", "yellow"), (gap.what, "bold"), f"  {gap.advice}"))
    if not made.gaps:
        _console.print(Text.assemble(("  ✓ ", "green"), "Nothing is missing."))
    _console.print("\nStill bound", style="bold")
    for bond in made.bonds or ():
        _console.print(Text.assemble(("  ○ ", "yellow"), bond))
    if made.bonds is None:
        _console.print("  ? Not looked at: imports are read with `pip install 'django-strangler[boundaries]'`.")
    elif not made.bonds:
        _console.print(Text.assemble(("  ✓ ", "green"), "Nothing binds it."))
    _console.print("\nNext", style="bold")
    for number, step in enumerate(made.steps, start=1):
        _console.print(Text.assemble((f"  {number} ", "cyan"), step))


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
