"""Run a plan: intent before action, and on any trouble the way back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from strangler.conf import get_conf
from strangler.cutover.journal import MOVER_LEASE_S, Heartbeat, Journal, Note, Superseded, mover_name
from strangler.cutover.ownership import Admission
from strangler.cutover.plan import Plan, Switch
from strangler.errors import Refused, StranglerError
from strangler.models import JournalEntry, Operation
from strangler.replication import Stream

UNDO_PREFIX = "undo-"


class NeedsOperator(StranglerError):
    """The operation stopped half-way and could not be put back; `resume` or `undo` it when the cause is gone."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to show: a step begins, makes progress, or has ended with its figures."""

    step: str
    phase: str
    rows: int = 0
    total: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)


Report = Callable[[Event], None]


@dataclass
class Context:
    """
    What the steps of one attempt share.

    Attributes:
        back: the stream that will bring the rows back, once prepared: while writers wait there is no time for it.
        admission: to the new writer's home, likewise.
    """

    operation: Operation
    switch: Switch
    journal: Journal
    report: Report
    figures: dict[str, Any] = field(default_factory=dict)
    back: Stream | None = None
    admission: Admission | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended."""

    operation: Operation
    figures: Mapping[str, Any]


def switch_of(operation: Operation) -> Switch:
    """Return the switch that an operation was started with."""
    arguments = operation.arguments
    return Switch(operation.capability, arguments["source"], arguments["target"], arguments["epoch"])


def _context(operation: Operation, report: Report) -> Context:
    return Context(operation, switch_of(operation), Journal(operation), report)


def run(plan: Plan, operation: Operation, report: Report) -> Outcome:
    """
    Execute *plan* to its end.

    Raises:
        Refused: it could not be done; everything was put back.
        NeedsOperator: it could not be done and not be put back either.
        Superseded: another mover has taken over.
    """
    context = _context(operation, report)
    with _quiet(), Heartbeat(operation):
        try:
            _walk(plan.steps, context)
            context.journal.finish(Operation.SUCCEEDED)
        except Superseded:
            raise
        except (Exception, KeyboardInterrupt) as error:
            _put_back(plan, context, error)
    return Outcome(operation, context.figures)


@contextmanager
def _quiet() -> Iterator[None]:
    """Spare the switch a collection of everything that Django has loaded: it takes longer than the switch itself."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _walk(steps: Sequence[tuple[str, Callable[[Context], Mapping[str, Any]]]], context: Context) -> None:
    """Take the steps; that one is done and the next is meant is committed at once, for writers may be waiting."""
    intents: list[Note] = [(name, "intent", {}) for name, _ in steps]
    context.journal.write(*intents[:1])
    for number, (name, step) in enumerate(steps, start=1):
        context.report(Event(name, "begin"))
        figures = step(context)
        context.figures.update(figures)
        context.journal.write((name, "done", figures), *intents[number : number + 1])
        context.report(Event(name, "end", figures=figures))


def _put_back(plan: Plan, context: Context, error: BaseException) -> None:
    cause = str(error) or type(error).__name__
    number = context.operation.pk
    if isinstance(error, KeyboardInterrupt):
        cause = "Interrupted."
    try:
        if not plan.undo_steps:
            raise StranglerError("there is no way back from this verb")
        _walk(plan.undo_steps, context)
        context.journal.finish(Operation.UNDONE, cause)
    except Superseded:
        raise
    except Exception as trouble:
        _mark_failed(context, f"{cause}\n{trouble}")
        raise NeedsOperator(
            f"{cause}\nOperation #{number} stopped half-way and could not be put back ({trouble}). "
            f"When the cause is gone: `strangler resume {context.operation.capability}`, "
            f"or `strangler undo {context.operation.capability}`."
        ) from error
    reasons = error.reasons if isinstance(error, Refused) else (cause,)
    raise Refused([*reasons, "Everything was put back; the writer has not changed."]) from error


def _mark_failed(context: Context, cause: str) -> None:
    """Say so in the operation if the control database lets us; otherwise its silence says it."""
    try:
        context.journal.finish(Operation.FAILED, cause)
    except Exception as error:
        context.report(Event("journal", "end", figures={"error": str(error)}))


def resume(plan: Plan, operation: Operation, report: Report) -> Outcome:
    """
    Take an interrupted operation over and bring it to its end, in the direction it was going.

    Raises:
        Refused: its mover is alive, or it was put back.
        NeedsOperator: it stopped again.
    """
    going_back = (
        JournalEntry.objects.using(get_conf().control_database)
        .filter(operation=operation, step__startswith=UNDO_PREFIX, phase="done")
        .exists()
    )
    if going_back:
        return undo(plan, operation, report)
    return run(plan, _take_over(operation), report)


def undo(plan: Plan, operation: Operation, report: Report) -> Outcome:
    """
    Take an interrupted operation over and put everything back.

    Raises:
        Refused: its mover is alive, there is no way back, or the new home has opened already.
        NeedsOperator: it stopped half-way.
    """
    if not plan.undo_steps:
        raise Refused(f"`{plan.verb}` has no way back; `strangler resume {operation.capability}` finishes it.")
    context = _context(_take_over(operation), report)
    with Heartbeat(operation):
        try:
            _walk(plan.undo_steps, context)
            context.journal.finish(Operation.UNDONE, "undone by an operator")
        except Superseded:
            raise
        except Refused as error:
            _mark_failed(context, str(error))
            raise
        except (Exception, KeyboardInterrupt) as error:
            _mark_failed(context, str(error))
            raise NeedsOperator(
                f"The undo stopped half-way: {error}. Repeat "
                f"`strangler undo {operation.capability}` when the cause is gone."
            ) from error
    return Outcome(operation, context.figures)


def _take_over(operation: Operation) -> Operation:
    """Raise the attempt, so that the mover before us stops at its next entry or flip."""
    alias = get_conf().control_database
    with transaction.atomic(using=alias):
        row = Operation.objects.using(alias).select_for_update().get(pk=operation.pk)
        alive_since = timezone.now() - timedelta(seconds=MOVER_LEASE_S)
        if row.state == Operation.RUNNING and row.seen_at > alive_since:
            raise Refused(
                f"Operation #{row.pk} ({row.verb} {row.capability}) is alive in {row.mover}. "
                f"Wait for it, or stop that process and repeat after {MOVER_LEASE_S:g} s."
            )
        row.attempt += 1
        row.state, row.mover, row.seen_at = Operation.RUNNING, mover_name(), timezone.now()
        row.save()
    operation.refresh_from_db(using=alias)
    return operation
