"""The verbs that change something: precondition, operation, plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction

from strangler.conf import Home, get_conf
from strangler.cutover import (
    PLANS,
    Report,
    connection_of,
    estimate,
    faults_before,
    faults_of_pause,
    mover_name,
)
from strangler.cutover import resume as resume_plan
from strangler.cutover import run as run_plan
from strangler.cutover import undo as undo_plan
from strangler.errors import Refused
from strangler.models import Operation
from strangler.operations.look import known, unfinished
from strangler.state import ControlUnreachable, read_ownership
from strangler.state.store import state_of

_LEAVES_FROM = {
    "prepare": ("monolith", "synced"),
    "shift-writes": ("synced", "canary"),
    "reverse": ("extracted",),
    "cancel": ("synced", "canary"),
}
_ADVICE = {
    ("shift-writes", "monolith"): "`strangler prepare {0}` comes first, or `strangler toggle {0} service` does both.",
    ("shift-writes", "extracted"): "The service is the writer already.",
    ("reverse", "monolith"): "The monolith is the writer already.",
    ("reverse", "synced"): "The monolith is the writer already.",
    ("cancel", "monolith"): "There is nothing to cancel.",
    ("cancel", "extracted"): "`strangler reverse {0}` comes first.",
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
        report: hears of steps and progress.
    """

    capability: str
    actor: str
    reason: str = ""
    dry_run: bool = False
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
    """Check both homes, install the fences, and rehearse the copy: stage `monolith` to `synced`."""
    return _move(order, "prepare", source="monolith", target="service")


def shift_writes(order: Order) -> Result:
    """Make the service the writer: stage `synced` to `extracted`."""
    return _move(order, "shift-writes", source="monolith", target="service")


def reverse(order: Order) -> Result:
    """Make the monolith the writer again, with everything written since: stage `extracted` to `synced`."""
    return _move(order, "reverse", source="service", target="monolith")


def cancel(order: Order) -> Result:
    """Give the move up: remove the copy and the writer's fence, back to stage `monolith`."""
    return _move(order, "cancel", source="monolith", target="service")


def toggle(order: Order, home: Home) -> Result:
    """Go the whole way to *home* in one command, with the gates of each step."""
    state = state_of(known(order.capability))
    if state.writer == home and not unfinished(order.capability):
        return Result(f"{order.capability} is in the {home} already; nothing to do.")
    if home == "monolith":
        return reverse(order)
    if state.stage == "monolith":
        prepared = prepare(order)
        if order.dry_run:
            steps = (*prepared.steps, *(f"shift-writes: {name}" for name, _ in PLANS["shift-writes"].steps))
            return Result(f"{order.capability} would move to the service.", prepared.figures, steps)
    return shift_writes(order)


def shift_reads(order: Order, percent: float) -> Result:
    """
    Send a share of the subjects' reads to the service.

    Raises:
        Refused: always above 0, as long as no mover keeps the service's copy in step.
    """
    known(order.capability)
    if not 0 <= percent <= 100:
        raise Refused(f"A share is 0 to 100 percent, not {percent:g}.")
    if percent > 0:
        raise Refused(
            f"Nothing keeps the service's copy of {order.capability} in step, so reads from it would be old. "
            f"Use `strangler shift-writes {order.capability}`: reads follow the writer."
        )
    return Result(f"No reads of {order.capability} are split: they follow the writer. Nothing changed.")


def resume(order: Order) -> Result:
    """Take over the operation that stopped half-way and bring it to its end, in the direction it was going."""
    operation = _stopped(order)
    outcome = resume_plan(PLANS[operation.verb], operation, order.report)
    return Result(f"Operation #{operation.pk} ({operation.verb}) {operation.state}.", outcome.figures)


def undo(order: Order) -> Result:
    """Take over the operation that stopped half-way and put everything back, where R1 allows it."""
    operation = _stopped(order)
    outcome = undo_plan(PLANS[operation.verb], operation, order.report)
    return Result(f"Operation #{operation.pk} ({operation.verb}) was undone.", outcome.figures)


def _stopped(order: Order) -> Operation:
    operation = unfinished(known(order.capability))
    if operation is None:
        raise Refused(
            f"No operation of {order.capability} is unfinished. `strangler status {order.capability}` names the way "
            "back of the last change."
        )
    return operation


def _move(order: Order, verb: str, *, source: Home, target: Home) -> Result:
    state = state_of(known(order.capability))
    if operation := unfinished(order.capability):
        raise Refused(
            f"Operation #{operation.pk} ({operation.verb}, {operation.state}) is unfinished: "
            f"`strangler resume {order.capability}` or `strangler undo {order.capability}` comes first."
        )
    if state.stage not in _LEAVES_FROM[verb]:
        advice = _ADVICE.get((verb, state.stage), "").format(order.capability)
        leaves = " or ".join(_LEAVES_FROM[verb])
        raise Refused(f"{order.capability} is in stage {state.stage}; `{verb}` leaves from {leaves}. {advice}".strip())
    figures = _check(order, verb, source, target)
    plan = PLANS[verb]
    if order.dry_run:
        steps = tuple(f"{verb}: {name}" for name, _ in plan.steps)
        return Result(f"{verb} {order.capability} would run; nothing was changed.", figures, steps)
    operation = _start(order, verb, source, target)
    outcome = run_plan(plan, operation, order.report)
    return Result(_sentence(verb, order.capability, outcome.figures), {**figures, **outcome.figures})


def _check(order: Order, verb: str, source: Home, target: Home) -> dict[str, Any]:
    """Refuse with every fault at once, before anything is changed."""
    faults = faults_before(order.capability, source, target)
    if faults:
        raise Refused(faults)
    if verb == "cancel":
        return {}
    expected = estimate(order.capability, source)
    if verb != "prepare" and (slow := faults_of_pause(expected)):
        raise Refused(slow)
    return {"expected_rows": expected.rows, "expected_s": round(expected.seconds, 3)}


def _start(order: Order, verb: str, source: Home, target: Home) -> Operation:
    alias = get_conf().control_database
    epoch = read_ownership(connection_of(order.capability, source), order.capability).epoch
    try:
        with transaction.atomic(using=alias):
            return Operation.objects.using(alias).create(
                capability=order.capability,
                verb=verb,
                arguments={"source": source, "target": target, "epoch": epoch},
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
            f"{capability} is synced: {figures['rows']:,} rows were rehearsed in {figures['seconds']:.2f} s. "
            f"Next: strangler shift-writes {capability}"
        )
    if verb == "cancel":
        return f"{capability} is back in stage monolith; the service's copy and the monolith's fence are gone."
    home = "service" if verb == "shift-writes" else "monolith"
    back = f"strangler toggle {capability} {'monolith' if home == 'service' else 'service'}"
    return (
        f"The {home} owns {capability} now: {figures.get('rows', 0):,} rows, writers waited "
        f"{figures.get('paused_ms')} ms. The way back: {back}"
    )
