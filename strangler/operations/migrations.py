"""The verb that changes a capability's tables while its rows flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strangler.conf import HOMES
from strangler.cutover import PLANS
from strangler.cutover import run as run_plan
from strangler.cutover.migrations import Pending, pending
from strangler.cutover.plan import Switch
from strangler.errors import Refused
from strangler.models import Operation
from strangler.operations.look import movable, unfinished
from strangler.operations.verbs import Order, Result, start_operation
from strangler.replication import recorded
from strangler.state.store import state_of

_SETTLED = {
    "monolith": "No rows of {0} flow: run `migrate` in each home that has its tables.",
    "complete": "The service alone has the rows of {0}: run its own `migrate`.",
}
_WHY = {
    "widens": "holds more afterwards, so it comes first where the rows arrive",
    "narrows": "holds less afterwards, so it comes first where the rows come from",
    "neither": "changes no rows",
}


def migrate(order: Order) -> Result:
    """
    Apply the migrations that either home of a capability lacks to both, while the rows flow.

    Raises:
        Refused: no rows flow, or some migration cannot be applied while they do; nothing was changed.
    """
    switch = _switch(order)
    waiting = pending(switch)
    if not waiting:
        return Result(f"Both homes of {order.capability} have every migration; nothing to do.")
    steps = tuple(_steps(waiting, switch))
    if order.dry_run:
        return Result(f"migrate {order.capability} would run; nothing was changed.", {}, steps)
    if order.detach:
        raise Refused("A mover elsewhere has the migrations of its own code, not of this: leave out --detach.")
    arguments = {"source": switch.source, "target": switch.target, "epoch": switch.epoch}
    operation = start_operation(order, "migrate", arguments, Operation.RUNNING)
    outcome = run_plan(PLANS["migrate"], operation, order.report)
    names = ", ".join(entry.name for entry in waiting)
    return Result(f"Both homes of {order.capability} have {names} now, and the rows flow on.", outcome.figures)


def _switch(order: Order) -> Switch:
    """Return the direction in which rows flow: from the writer to the other home."""
    state = state_of(movable(order.capability))
    if operation := unfinished(order.capability):
        raise Refused(
            f"Operation #{operation.pk} ({operation.verb}, {operation.state}) is unfinished: "
            f"`strangler resume {order.capability}` or `strangler undo {order.capability}` comes first."
        )
    if state.stage in _SETTLED:
        raise Refused(_SETTLED[state.stage].format(order.capability))
    (target,) = (home for home in HOMES if home != state.writer)
    if recorded(order.capability, target) is None:
        raise Refused(f"No rows of {order.capability} flow to the {target}: `strangler doctor` says what has happened.")
    return Switch(order.capability, state.writer, target, state.epoch)


def _steps(waiting: Sequence[Pending], switch: Switch) -> Iterator[str]:
    for entry in waiting:
        why = _WHY[entry.kind.value]
        if entry.loosens and switch.target in entry.lacking:
            names = ", ".join(f"{operation.model_name}.{operation.name}" for operation in entry.loosens)
            yield f"let {names} be empty in the {switch.target}, before the {switch.source} removes it"
        for home in entry.homes:
            if home in entry.lacking:
                yield f"apply {entry.name} in the {home} ({why})"
            else:
                yield f"find {entry.name} applied in the {home}"
