"""`strangler verify`: whether both homes hold the same rows; and what it shows to a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import sleep
from typing import Any

from django.core.management.base import CommandParser
from django.db import DatabaseError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from strangler import operations
from strangler.errors import StranglerError
from strangler.management.person import person
from strangler.operations.verify import KINDS, Pace, Report, Verified

Show = Callable[[Any, Callable[[], None]], None]
EVERY_S = 2.0
_console = Console(highlight=False)


# -- parsing and asking -----------------------------------------------------------------------------------------


def arguments(parser: CommandParser) -> None:
    """Add what can be asked for."""
    parser.add_argument("capability", nargs="?", help="default: all that have a copy")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--repair", action="store_true", help="bring the copy into line row by row; asks first")
    how.add_argument("--watch", action="store_true", help="again and again until Ctrl-C, with the last result")
    parser.add_argument("--dry-run", action="store_true", help="with --repair: say what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: dict[str, Any], show: Show, confirm: Callable[[str], None], write: Callable[[str], Any]) -> None:
    """
    Compare, and repair if that is wanted; leaves with 1 when a copy is not as its owner.

    Args:
        show: prints a document as JSON, or calls what shows it to a person.
        confirm: asks a person, who may give up.
        write: prints a line, when there is more than one document.
    """
    names = operations.with_copies(options["capability"])
    if options["watch"]:
        _watch(names, write if options["json"] else None)
        return
    results = [_compare(name, quiet=options["json"]) for name in names]
    if options["repair"]:
        results = [result if result.holds else _repair(result, options, confirm) for result in results]
    show(_document(results), lambda: _show(results, dry_run=options["repair"] and options["dry_run"]))
    if not all(result.holds for result in results):
        sys.exit(1)


def _compare(capability: str, *, quiet: bool) -> Verified:
    with _progress("compare rows", quiet=quiet) as report:
        return operations.verify(capability, actor=person(), report=report)


def _repair(found: Verified, options: dict[str, Any], confirm: Callable[[str], None]) -> Verified:
    if options["dry_run"]:
        return found
    if not options["json"] and not options["yes"]:
        _console.print(_result(found))
    confirm(f"change {found.differences:,} rows of the copy of {found.capability}")
    with _progress("repair rows", quiet=options["json"]) as report:
        return operations.repair_copy(found, report=report)


def _watch(names: Sequence[str], write: Callable[[str], Any] | None) -> None:
    """Show the newest results until Ctrl-C; what cannot be compared just now is said and tried again."""
    with Live(console=_console, screen=_console.is_terminal, auto_refresh=False) as live:
        try:
            while True:
                rounds = [_round(name) for name in names]
                if write:
                    write(
                        json.dumps([one.as_dict() if isinstance(one, Verified) else one for one in rounds], default=str)
                    )
                else:
                    live.update(Group(*map(_round_shown, rounds)), refresh=True)
                sleep(EVERY_S)
        except KeyboardInterrupt:
            return


def _round(capability: str) -> Verified | dict[str, str]:
    try:
        return operations.verify(capability, actor=person(), report=lambda _: None)
    except (StranglerError, DatabaseError) as error:
        return {"capability": capability, "error": str(error).strip()}


# -- documents and screens --------------------------------------------------------------------------------------


def _document(results: Sequence[Verified]) -> dict[str, Any]:
    return {
        "equal": all(result.holds for result in results),
        "capabilities": [result.as_dict() for result in results],
    }


def _show(results: Sequence[Verified], *, dry_run: bool) -> None:
    for result in results:
        _console.print(_result(result))
        if dry_run and result.differences:
            _console.print(Text("○ ", style="yellow") + Text(f"{result.differences:,} rows of the copy would change."))
        elif not result.holds:
            _console.print(Text(f"Next: strangler verify {result.capability} --repair", style="dim"))


def _round_shown(one: Verified | dict[str, str]) -> RenderableType:
    if isinstance(one, Verified):
        return Group(_result(one), Text(f"compared at {one.at:%H:%M:%S}Z", style="dim"), Text())
    return Text(f"{one['capability']}: {one['error']}", style="red")


def _result(result: Verified) -> RenderableType:
    pace = Text(f" in {result.seconds:.1f} s, {result.rows_per_s:,} rows/s", style="dim")
    if not result.differences:
        equal = f"{result.capability}: {result.rows:,} rows are the same in both homes"
        return Text("✓ ", style="green") + Text(equal, style="default") + pace
    if result.holds:
        head = Text("✓ ", style="green") + Text(f"{result.capability}: {result.repaired:,} rows were brought into line")
        return Group(head, _differences(result))
    head = Text("✗ ", style="red") + Text(
        f"{result.capability}: {result.differences:,} of {result.rows:,} rows are not the same at the copy",
        style="default",
    )
    return Group(head + pace, _differences(result))


def _differences(result: Verified) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("table")
    for column in ("rows", *KINDS):
        table.add_column(column, justify="right")
    table.add_column("for example", overflow="fold")
    for name, tally in result.tables.items():
        if tally.differences:
            counts = (f"{getattr(tally, column):,}" for column in ("rows", *KINDS))
            table.add_row(Text(name, style="bold"), *counts, Text("\n".join(_examples(tally.keys))))
    return table


def _examples(keys: dict[str, list[list[str]]]) -> Iterator[str]:
    for kind in KINDS:
        if shown := keys.get(kind):
            yield f"{kind}: {', '.join('/'.join(key) for key in shown)}"


@contextmanager
def _progress(doing: str, *, quiet: bool) -> Iterator[Report]:
    """Show a bar with an estimate, and why nothing moves."""
    columns = (
        TextColumn("  [cyan]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console, transient=True, disable=quiet or not _console.is_terminal) as bar:
        task = bar.add_task(doing, total=None)

        def report(pace: Pace) -> None:
            if not pace.waiting:
                bar.update(task, completed=pace.rows, total=pace.total)
            elif not quiet:
                _console.print(Text(f"  … waiting: {pace.waiting}", style="yellow"))

        yield report
