"""The verbs that change something: precondition, operation, plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.functions import Now

from strangler.conf import Home, get_conf
from strangler.cutover import (
    PLANS,
    Event,
    NeedsOperator,
    Outcome,
    Plan,
    Report,
    connection_of,
    estimate,
    faults_before,
    mover_name,
)
from strangler.cutover import rehearse as rehearse_copies
from strangler.cutover import resume as resume_plan
from strangler.cutover import run as run_plan
from strangler.cutover import undo as undo_plan
from strangler.doctor.rehearsals import one_rehearsal
from strangler.errors import Refused, StranglerError
from strangler.models import Operation
from strangler.operations.look import known, movable, unfinished
from strangler.state import ControlUnreachable, read_ownership
from strangler.state.store import state_of

_LEAVES_FROM = {
    "prepare": ("monolith", "synced"),
    "shift-writes": ("synced", "canary"),
    "reverse": ("extracted",),
    "cancel": ("synced", "canary"),
    "complete": ("extracted",),
}
_ADVICE = {
    ("shift-writes", "monolith"): "`strangler prepare {0}` comes first, or `strangler toggle {0} service` does both.",
    ("shift-writes", "extracted"): "The service is the writer already.",
    ("reverse", "monolith"): "The monolith is the writer already.",
    ("reverse", "synced"): "The monolith is the writer already.",
    ("cancel", "monolith"): "There is nothing to cancel.",
    ("cancel", "extracted"): "`strangler reverse {0}` comes first.",
    ("complete", "monolith"): "The service has to be the writer first: `strangler toggle {0} service`.",
    ("complete", "synced"): "The service has to be the writer first: `strangler shift-writes {0}`.",
    ("complete", "complete"): "It is complete already.",
    ("reverse", "complete"): "It is complete: the monolith's rows are in the archive, and there is no way back.",
    ("prepare", "extracted"): "It has moved already; `strangler reverse {0}` brings it back.",
}


def _ignore(_: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class Order:
    """
    What an operator wants done, and why.

    Attributes:
        dry_run: check everything, change nothing.
        mover: `logical` or `keylog`; empty: whatever fits both databases.
        detach: leave it to a mover elsewhere, `strangler mover`.
        report: hears of steps and progress.
    """

    capability: str
    actor: str
    reason: str = ""
    dry_run: bool = False
    mover: str = ""
    detach: bool = False
    report: Report = _ignore


@dataclass(frozen=True, slots=True)
class Result:
    """
    What a verb did, or would do.

    Attributes:
        done: one sentence.
        steps: what a dry run would execute, in order.
    """

    done: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


def prepare(order: Order) -> Result:
    """Check both homes, install the fences, and let the rows flow to the service: stage `monolith` to `synced`."""
    return _move(order, "prepare", source="monolith", target="service")


def rehearse(order: Order) -> Result:
    """
    Move throw-away copies of the rows there and back, and tell how long the copy and each switch took.

    Raises:
        Refused: the rows could not be moved, with every reason.
    """
    state = state_of(movable(order.capability))
    if state.writer != "monolith":
        raise Refused(f"{order.capability} has moved: its last pause is in `strangler status {order.capability}`.")
    faults = faults_before(order.capability, "monolith", "service", first=state.stage == "monolith")
    if faults:
        raise Refused(faults)
    expected = estimate(order.capability, "monolith")
    if order.dry_run:
        return Result(
            f"{expected.rows:,} rows of {order.capability} would be copied aside in both databases and removed again."
        )
    with one_rehearsal(connection_of(order.capability, "monolith")):
        done = rehearse_copies(
            order.capability,
            wanted=order.mover,
            say=lambda step, so_far, total: order.report(Event(step, "progress", rows=so_far, total=total)),
        )
    figures = {"mover": done.mover, "rows": done.rows, "copy_s": done.copy_s, "pauses_ms": done.pauses_ms}
    return Result(
        f"{done.rows:,} rows of {order.capability} take {done.copy_s:.1f} s to copy ({done.mover}). A switch would "
        f"keep writers waiting for about {done.pause_ms} ms; the longest of {len(done.pauses_ms)} took "
        f"{max(done.pauses_ms)} ms.",
        figures,
    )


def shift_writes(order: Order) -> Result:
    """Make the service the writer: stage `synced` to `extracted`."""
    return _move(order, "shift-writes", source="monolith", target="service")


def reverse(order: Order) -> Result:
    """Make the monolith the writer again, with everything written since: stage `extracted` to `synced`."""
    return _move(order, "reverse", source="service", target="monolith")


def cancel(order: Order) -> Result:
    """Give the move up: remove the copy and the writer's fence, back to stage `monolith`."""
    return _move(order, "cancel", source="monolith", target="service")


def complete(order: Order) -> Result:
    """Give up the way back for good: archive the monolith's copy and remove its rows; `extracted` to `complete`."""
    return _move(order, "complete", source="service", target="monolith")


def toggle(order: Order, home: Home) -> Result:
    """Go the whole way to *home* in one command, with the gates of each step."""
    state = state_of(known(order.capability))
    if state.writer == home and not unfinished(order.capability):
        return Result(f"{order.capability} is in the {home} already; nothing to do.")
    if home == "monolith":
        return reverse(order)
    if state.stage == "monolith":
        then = "shift-writes" if order.detach else ""
        prepared = _move(order, "prepare", source="monolith", target="service", then=then)
        if order.detach:
            return prepared
        if order.dry_run:
            steps = (*prepared.steps, *(f"shift-writes: {name}" for name, _ in PLANS["shift-writes"].steps))
            return Result(f"{order.capability} would move to the service.", prepared.figures, steps)
    return shift_writes(order)


def resume(order: Order) -> Result:
    """Take over the operation that stopped half-way and bring it to its end, in the direction it was going."""
    operation = _stopped(order)
    if operation.state == Operation.QUEUED:
        raise Refused(f"Operation #{operation.pk} has not begun: `strangler mover` begins it.")
    outcome, late = _run(resume_plan, operation, order.report)
    return Result(f"{late}Operation #{operation.pk} ({operation.verb}) {operation.state}.", outcome.figures)


def undo(order: Order) -> Result:
    """Take over the operation that stopped half-way and put everything back, where R1 allows it."""
    operation = _stopped(order)
    if operation.state == Operation.QUEUED and withdraw(operation, f"withdrawn by {order.actor}"):
        return Result(f"Operation #{operation.pk} ({operation.verb}) had not begun and was withdrawn.")
    outcome = undo_plan(PLANS[operation.verb], operation, order.report)
    return Result(f"Operation #{operation.pk} ({operation.verb}) was undone.", outcome.figures)


def _stopped(order: Order) -> Operation:
    operation = unfinished(movable(order.capability))
    if operation is None:
        raise Refused(
            f"No operation of {order.capability} is unfinished. `strangler status {order.capability}` names the way "
            "back of the last change."
        )
    return operation


def _move(order: Order, verb: str, *, source: Home, target: Home, then: str = "") -> Result:
    state = state_of(movable(order.capability))
    if operation := unfinished(order.capability):
        raise Refused(
            f"Operation #{operation.pk} ({operation.verb}, {operation.state}) is unfinished: "
            f"`strangler resume {order.capability}` or `strangler undo {order.capability}` comes first."
        )
    if state.stage not in _LEAVES_FROM[verb]:
        advice = _ADVICE.get((verb, state.stage), "").format(order.capability)
        leaves = " or ".join(_LEAVES_FROM[verb])
        raise Refused(f"{order.capability} is in stage {state.stage}; `{verb}` leaves from {leaves}. {advice}".strip())
    arguments = {"source": source, "target": target, "epoch": state.epoch, "mover": order.mover, "then": then}
    if order.detach:
        operation = start_operation(order, verb, arguments, Operation.QUEUED)
        return Result(
            f"Operation #{operation.pk} ({verb} {order.capability}) waits for a mover (`strangler mover`); "
            f"`strangler attach {operation.pk}` follows it.",
            {"operation": operation.pk},
        )
    figures = _check(order.capability, verb, source, target)
    if order.dry_run:
        steps = tuple(f"{verb}: {name}" for name, _ in PLANS[verb].steps)
        return Result(f"{verb} {order.capability} would run; nothing was changed.", figures, steps)
    return _execute(start_operation(order, verb, arguments, Operation.RUNNING), order.report, figures)


def execute_queued(operation: Operation, report: Report) -> Result:
    """
    Do what an operator has queued; the operation is the caller's, who has set it running.

    Raises:
        Refused: it cannot be done, or was put back; the operation says why.
    """
    arguments = operation.arguments
    try:
        figures = _check(operation.capability, operation.verb, arguments["source"], arguments["target"])
    except StranglerError as error:
        withdraw(operation, str(error))
        raise
    result = _execute(operation, report, figures)
    if then := arguments.get("then"):
        order = Order(operation.capability, operation.actor, operation.reason, detach=True)
        return _move(order, then, source=arguments["source"], target=arguments["target"])
    return result


def withdraw(operation: Operation, why: str) -> bool:
    """End an operation that has changed nothing; False when its mover has begun meanwhile."""
    rows = Operation.objects.using(get_conf().control_database).filter(
        pk=operation.pk, state=operation.state, journal__isnull=True
    )
    return bool(rows.update(state=Operation.UNDONE, error=why, finished_at=Now()))


def _execute(operation: Operation, report: Report, figures: Mapping[str, Any]) -> Result:
    source = connection_of(operation.capability, operation.arguments["source"])
    operation.arguments["epoch"] = read_ownership(source, operation.capability).epoch
    operation.save(using=get_conf().control_database, update_fields=["arguments"])
    outcome, late = _run(run_plan, operation, report)
    done = _sentence(operation.verb, operation.capability, outcome.figures)
    return Result(late + done, {**figures, **outcome.figures})


def _run(
    run: Callable[[Plan, Operation, Report], Outcome], operation: Operation, report: Report
) -> tuple[Outcome, str]:
    """
    Bring an operation to its end; one that was interrupted too late to be put back as well, and say so.

    Raises:
        Refused: it could not be done, or was interrupted; everything was put back.
        NeedsOperator: it stopped half-way.
    """
    plan = PLANS[operation.verb]
    try:
        return run(plan, operation, report), ""
    except NeedsOperator as stopped:
        if not (isinstance(stopped.__cause__, KeyboardInterrupt) and plan.undo_steps):
            raise
    return resume_plan(plan, operation, report), "Too late to put it back, so it was finished. "


def _check(capability: str, verb: str, source: Home, target: Home) -> dict[str, Any]:
    """Refuse with every fault at once, before anything is changed."""
    faults = faults_before(capability, source, target, first=verb == "prepare")
    if faults:
        raise Refused(faults)
    if verb != "prepare":
        return {}
    expected = estimate(capability, source)
    return {"expected_rows": expected.rows, "expected_s": round(expected.seconds, 3)}


def start_operation(order: Order, verb: str, arguments: Mapping[str, Any], state: str) -> Operation:
    """
    Record an operation before anything is done.

    Raises:
        Refused: another one of the capability is unfinished.
    """
    alias = get_conf().control_database
    try:
        with transaction.atomic(using=alias):
            return Operation.objects.using(alias).create(
                capability=order.capability,
                verb=verb,
                state=state,
                arguments=arguments,
                actor=order.actor,
                reason=order.reason,
                mover=mover_name(),
            )
    except IntegrityError as error:
        raise Refused(f"Another operation of {order.capability} has just begun; see `strangler status`.") from error
    except DatabaseError as error:
        raise ControlUnreachable(f"The operation could not be recorded: {str(error).strip()}") from error


def _sentence(verb: str, capability: str, figures: Mapping[str, Any]) -> str:
    if verb == "prepare":
        return (
            f"{capability} is synced: {figures['rows']:,} rows were copied in {figures['seconds']:.2f} s, and what "
            f"changes follows ({figures['mover']}). Next: strangler shift-writes {capability}"
        )
    if verb == "cancel":
        return f"{capability} is back in stage monolith; the service's copy and the monolith's fence are gone."
    if verb == "complete":
        return (
            f"{capability} is complete: the service has it for good. The monolith's {figures['archived_rows']:,} rows "
            f"are in {figures['archive']}, and nowhere else."
        )
    home = "service" if verb == "shift-writes" else "monolith"
    back = f"strangler toggle {capability} {'monolith' if home == 'service' else 'service'}"
    other = "monolith" if home == "service" else "service"
    return (
        f"The {home} owns {capability} now; writers waited {figures.get('paused_ms')} ms. What it writes flows to the "
        f"{other}. The way back: {back}"
    )
