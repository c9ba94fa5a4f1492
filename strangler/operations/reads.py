"""Split reads: a share of the subjects reads from the service while the monolith writes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, transaction

from strangler.conf import get_conf
from strangler.cutover import connection_of, faults_before
from strangler.cutover.routers import wait_for_routers
from strangler.errors import Refused
from strangler.models import Stream, TableVersion
from strangler.operations.look import movable, unfinished
from strangler.operations.verbs import Order, Result
from strangler.proxy import pins
from strangler.replication import recorded
from strangler.routing import CapabilityState
from strangler.state import Change, publish
from strangler.state.positions import PositionUnknown, applied, written
from strangler.state.store import state_of

_POLL_S = 0.01
_ADVICE = {
    "monolith": "Nothing keeps the service's copy of {0} in step, so reads from it would be old: "
    "`strangler prepare {0}` comes first.",
    "extracted": "The service is the writer of {0}, and reads follow it; `strangler reverse {0}` brings both back.",
    "complete": "{0} has moved for good: the service answers all reads.",
}


def shift_reads(order: Order, percent: float) -> Result:
    """
    Send a share of the subjects' reads to the service: stage `synced` to `canary`, and with 0 back.

    A smaller share is always given; a larger one only while rows flow, the copy is fresh, and clients can be pinned.

    Raises:
        Refused: with every reason; the share is what it was before.
    """
    if not 0 <= percent <= 100:
        raise Refused(f"A share is 0 to 100 percent, not {percent:g}.")
    state, weight = state_of(movable(order.capability)), round(percent * 100)
    if not weight and state.stage != "canary":
        return Result(f"No reads of {order.capability} are split: they follow the writer. Nothing changed.")
    if refusals := list(_refusals(state)):
        raise Refused(refusals)
    figures: dict[str, Any] = {"percent": percent, "percent_before": state.reads_weight / 100}
    if weight > state.reads_weight:
        figures |= _check(state)
    if order.dry_run:
        return Result(f"{_sentence(order.capability, percent)} It would be so; nothing was changed.", figures)
    if weight and not state.reads_weight:
        figures |= _begin(order, state)
    _publish(order, state, weight, figures)
    return Result(_sentence(order.capability, percent), figures)


def _refusals(state: CapabilityState) -> Iterator[str]:
    if state.stage in _ADVICE:
        yield _ADVICE[state.stage].format(state.name)
    if operation := unfinished(state.name):
        yield (
            f"Operation #{operation.pk} ({operation.verb}, {operation.state}) is unfinished: "
            f"`strangler resume {state.name}` or `strangler undo {state.name}` comes first."
        )


def _check(state: CapabilityState) -> dict[str, Any]:
    """Return how far the copy is behind, or refuse with everything that speaks against reading it."""
    faults = faults_before(state.name, "monolith", "service", first=False)
    faults += [trouble] if (trouble := pins.trouble()) else []
    stream = recorded(state.name, "service")
    if stream is None or stream.state != Stream.STREAMING:
        found = "there is none" if stream is None else f"it is {stream.state}"
        advice = f"see `strangler status {state.name}`, or begin anew with `strangler prepare {state.name}`."
        raise Refused([*faults, f"No stream keeps the service's copy of {state.name} in step ({found}): {advice}"])
    try:
        lag_s = _lag_s(state, stream)
    except (DatabaseError, PositionUnknown) as error:
        raise Refused([*faults, f"How far the service's copy is behind is not known: {str(error).strip()}"]) from error
    if lag_s is None:
        limit_s = get_conf().lag_limit_s
        faults.append(
            f"The service's copy of {state.name} is more than {limit_s:g} s behind (STRANGLER['LAG_LIMIT_S']): "
            "wait until it has caught up, or see why it does not with `strangler doctor`."
        )
    if faults:
        raise Refused(faults)
    return {"lag_s": lag_s, "mover": stream.kind}


def _lag_s(state: CapabilityState, stream: Stream) -> float | None:
    """Return how long it takes until all that is written now has been applied; None when longer than allowed."""
    source = connection_of(state.name, "monolith")
    began_at = time.monotonic()
    position = written(source, stream.kind, state.name)
    while applied(source, stream.kind, state.name, "service") < position:
        if time.monotonic() - began_at > get_conf().lag_limit_s:
            return None
        time.sleep(_POLL_S)
    return round(time.monotonic() - began_at, 3)


def _begin(order: Order, state: CapabilityState) -> dict[str, Any]:
    """Let every router pin whoever writes, and wait until what was written unpinned has arrived."""
    version = _publish(order, state, 0, {}, stage="canary")
    try:
        if behind := wait_for_routers(version, timeout_s=2 * get_conf().lease_s):
            names = ", ".join(f"{router.host} {router.process}" for router in behind)
            raise Refused(f"Not every router knows yet that it must pin who writes: {names}. Repeat, or stop them.")
        return _check(state)
    except BaseException:
        _publish(replace(order, reason="the share could not begin"), state, 0, {})
        raise


def _publish(
    order: Order, before: CapabilityState, weight: int, figures: dict[str, Any], *, stage: str | None = None
) -> int:
    """Change stage and share, unless something else has changed them or is about to."""
    alias = get_conf().control_database
    with transaction.atomic(using=alias):
        TableVersion.objects.using(alias).get_or_create(id=1)
        TableVersion.objects.using(alias).select_for_update().get(id=1)
        now = state_of(order.capability)
        if unfinished(order.capability) or (now.writer, now.epoch) != (before.writer, before.epoch):
            raise Refused(f"Something else moves {order.capability} just now; see `strangler status`, then repeat.")
        change = Change(
            order.capability,
            {"stage": stage or ("canary" if weight else "synced"), "reads_weight": weight},
            verb="shift-reads",
            actor=order.actor,
            reason=order.reason,
            undo=f"strangler shift-reads {order.capability} {before.reads_weight / 100:g}",
            figures=figures,
        )
        return publish(change)


def _sentence(capability: str, percent: float) -> str:
    if not percent:
        return f"No reads of {capability} are split any more: they follow the writer, which is the monolith."
    return (
        f"{percent:g} % of the subjects read {capability} from the service, except what they have just written. "
        f"Back: strangler shift-reads {capability} 0"
    )
