"""What the command shows to a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from strangler.cutover import Event, Report
from strangler.doctor import Finding
from strangler.errors import Refused, StranglerError
from strangler.models import HistoryEntry
from strangler.operations import CapabilityStatus, Result, Status

_console = Console(highlight=False)
_STAGE_STYLE = {"monolith": "dim", "synced": "yellow", "canary": "yellow", "extracted": "green", "complete": "green"}
_STEP_WORDS = {
    "fence": "install the fences",
    "arm": "keep what is written from now on",
    "copy": "copy the rows",
    "catch-up": "wait until the new home is close behind",
    "announce": "wait until every router has heard",
    "close": "shut out the old writer, bring over its last rows",
    "open": "open the new writer",
    "publish": "publish",
    "turn": "let the rows flow the other way",
    "clean": "clean up",
    "stop": "end the stream",
    "retire": "archive the monolith's rows and remove them",
    "undo-refuse": "refuse the attempt at the target",
    "undo-reopen": "reopen the old writer",
    "undo-publish": "publish that nothing moved",
    "undo-arm": "end the way back",
    "undo-clean": "clean up",
}


def say(sentence: str) -> None:
    """Print a sentence."""
    _console.print(sentence, markup=False)


def reasons(error: StranglerError) -> str:
    """Return an error as a sentence, or as a list when there are several reasons."""
    lines = list(error.reasons) if isinstance(error, Refused) else str(error).split("\n")
    return lines[0] if len(lines) == 1 else "\n".join(f"  - {line}" for line in ["", *lines] if line).lstrip("\n")


# -- status -----------------------------------------------------------------------------------------------------


def show_status(status: Status) -> None:
    """Print the table and the routers that obey it."""
    _console.print(_status(status))


def watch(look: Callable[[], Status], every_s: float) -> None:
    """Show the status anew until Ctrl-C; what cannot be read is said and tried again."""
    with Live(console=_console, screen=_console.is_terminal, auto_refresh=False) as live:
        try:
            while True:
                live.update(_status_or_trouble(look), refresh=True)
                time.sleep(every_s)
        except KeyboardInterrupt:
            return


def _status_or_trouble(look: Callable[[], Status]) -> RenderableType:
    try:
        return _status(look())
    except StranglerError as error:
        return Text(str(error), style="red")


def _status(status: Status) -> RenderableType:
    table = Table(
        title=f"Version {status.version}", title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for column in ("capability", "stage", "reads", "writer", "epoch", "rows", "pause", "now"):
        table.add_column(column, justify="right" if column in {"epoch", "pause"} else "left", no_wrap=column != "rows")
    for row in status.capabilities:
        table.add_row(*_status_cells(row))
    if not status.capabilities:
        return Text("No capability is configured: add one to STRANGLER['CAPABILITIES'].", style="yellow")
    behind = [f"{r.host} {r.process}" for r in status.routers if r.version < status.version]
    obey = f"{len(status.routers)} routers, " + (
        f"{len(behind)} behind: {', '.join(behind)}" if behind else "all in step"
    )
    routers = Text(obey if status.routers else "no router runs", style="red" if behind else "dim")
    rows = [row for row in status.capabilities if row.verified]
    compared = [Text(f"{row.name}: both homes were {row.verified}", style="dim") for row in rows]
    return Group(table, Text(), *compared, routers)


def _status_cells(row: CapabilityStatus) -> tuple[RenderableType, ...]:
    share = f"{row.reads_percent:g} % service" if 0 < row.reads_percent < 100 else row.writer
    paused = "-" if row.last_pause_ms is None else f"{row.last_pause_ms} ms"
    now = row.operation or ("switching" if row.switching else "")
    return (
        Text(row.name, style="bold"),
        Text(row.stage, style=_STAGE_STYLE.get(row.stage, "")),
        share,
        row.writer,
        str(row.epoch),
        _flow_cell(row),
        paused,
        Text(now, style="yellow"),
    )


def _flow_cell(row: CapabilityStatus) -> RenderableType:
    stream = row.stream
    if stream is None:
        return Text("-", style="dim")
    to = f"→ {stream.target}"
    if stream.problem:
        return Text(f"{to}: {stream.problem}", style="red")
    if stream.rows is not None and stream.total:
        return Text(f"{to}, {100 * stream.rows // stream.total} % of {stream.total:,} rows", style="yellow")
    if stream.state != "streaming":
        return Text(f"{to}, {stream.state}", style="yellow")
    if row.way_back_state not in ("", "armed"):
        return Text(f"{to}, {row.way_back_state}", style="red")
    return Text(f"{to}, {stream.lag_s:g} s behind", style="yellow") if stream.lag_s else Text(to, style="green")


# -- history and doctor -----------------------------------------------------------------------------------------


def history_rows(entries: Sequence[HistoryEntry]) -> list[dict[str, Any]]:
    """Return the entries as plain values."""
    names = ("version", "at", "capability", "verb", "actor", "reason", "before", "after", "figures", "undo")
    return [{**{n: getattr(e, n) for n in names}, "operation": e.operation_id} for e in entries]


def show_history(entries: Sequence[HistoryEntry]) -> None:
    """Print the entries, newest first; the way back stands with the newest of each capability."""
    if not entries:
        say("Nothing has been changed yet.")
    shown: set[str] = set()
    for e in entries:
        head = Text(f"{e.version:>5}  ", style="bold") + Text(f"{e.at:%Y-%m-%d %H:%M:%S}Z  ", style="dim")
        _console.print(head + Text(f"{e.verb} {e.capability}", style="cyan") + Text(f" by {e.actor}", style="dim"))
        for line in _history_lines(e, newest=e.capability not in shown):
            _console.print(Text(" " * 7 + line, overflow="fold"))
        shown.add(e.capability)


def _history_lines(entry: HistoryEntry, *, newest: bool) -> Iterator[str]:
    changed = {name: (entry.before[name], value) for name, value in entry.after.items() if entry.before[name] != value}
    switching = changed.pop("switching", None)
    if changed:
        yield ", ".join(f"{name} {before} → {after}" for name, (before, after) in changed.items())
    elif switching:
        yield "a switch begins: homes ask their databases" if switching[1] else "no switch is under way any more"
    if (paused := entry.figures.get("paused_ms")) is not None:
        yield f"writers waited {paused} ms"
    if entry.reason:
        yield f"why: {entry.reason}"
    if newest and entry.undo:
        yield f"way back: {entry.undo}"


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as plain values."""
    names = ("code", "level", "capability", "what", "advice")
    return [{**{n: getattr(f, n) for n in names}, "mend": f.mend.does if f.mend else None} for f in findings]


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what was found."""
    if not findings:
        _console.print("[green]Everything fits together.[/]")
    for f in findings:
        style = "red" if f.level == "error" else "yellow"
        head = f"{f.level}: {f.capability + ': ' if f.capability else ''}"
        _console.print(Text(head, style=style) + Text(f.what, style="default"))
        say(f"  {f.advice}")
        if f.mend:
            say(f"  `strangler doctor --repair` would {f.mend.does}.")


def show_mended(findings: Sequence[Finding]) -> None:
    """Print what was mended."""
    for f in findings:
        style, head = ("green", "mended: ") if f.mend else ("red", "not mended: ")
        _console.print(Text(head, style=style) + Text(f.what, style="default"))
        if f.mend:
            say(f"  Did: {f.mend.does}.")


# -- moves ------------------------------------------------------------------------------------------------------


@contextmanager
def progress(*, quiet: bool) -> Iterator[Report]:
    """Show steps as they happen, and a bar with an estimate while rows are copied."""
    if quiet:
        yield lambda _: None
        return
    columns = (
        TextColumn("  [cyan]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=_console, transient=True, disable=not _console.is_terminal)
    copying = bar.add_task("copy rows", start=False)
    try:

        def report(event: Event) -> None:
            if event.phase == "progress":
                bar.start()
                bar.start_task(copying)
                bar.update(copying, completed=event.rows, total=event.total)
            elif event.phase == "waiting":
                names = "; ".join(event.figures["blockers"]) or "a lock"
                _console.print(Text(f"  … {_words(event.step)}: waiting for {names}", style="yellow"))
            elif event.phase == "end":
                _stop(bar)
                _console.print(Text("  ✓ ", style="green") + Text(_words(event.step), style="default"))

        yield report
    finally:
        _stop(bar)


def _stop(bar: Progress) -> None:
    if bar.live.is_started:
        bar.stop()


def _words(step: str) -> str:
    return _STEP_WORDS.get(step, step)


def show_result(result: Result, seconds: float) -> None:
    """Print what was done, and in a dry run what would be."""
    for step in result.steps:
        say(f"  would: {step}")
    if result.steps and "expected_rows" in result.figures:
        say(f"  would copy {result.figures['expected_rows']:,} rows in about {result.figures['expected_s']:.2f} s")
    say(f"{result.done} ({seconds:.2f} s)")
