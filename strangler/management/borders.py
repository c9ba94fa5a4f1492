"""What `strangler borders` shows to a person."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from strangler.operations import Borders

_console = Console(highlight=False, soft_wrap=True)


def show_borders(borders: Borders) -> None:
    """Print what is new and what has vanished, then a line of sums."""
    for crossing in borders.new:
        place = f"{crossing.place}: " if crossing.place else ""
        _console.print(Text("new  ", style="red") + Text(f"{place}{crossing.what}", style="default"))
    for part, key in borders.vanished:
        _console.print(Text("gone ", style="yellow") + Text(f"{part}: {key}", style="default"))
    if borders.vanished:
        _console.print(
            f"Take {len(borders.vanished)} out of the baseline: manage.py strangler borders --update-baseline"
        )
    known = len(borders.crossings) - len(borders.new)
    sums = f"{len(borders.new)} new, {known} known, {len(borders.vanished)} gone; {borders.statements} statements known"
    _console.print(Text("Borders hold: " if borders.hold else "", style="green") + Text(f"{sums}.", style="default"))
