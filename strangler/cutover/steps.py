"""
The steps that move the writer, and those that put it back.

Each finds out from the ownership rows and the control tables what is done already, so it may run again after a crash.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from strangler.conf import get_conf
from strangler.cutover import ownership
from strangler.cutover.patience import patiently
from strangler.cutover.plan import Stopwatch, Switch
from strangler.cutover.routers import wait_for_routers
from strangler.cutover.runner import Context
from strangler.cutover.streaming import closed, stream_back, stream_forth
from strangler.errors import Refused
from strangler.state import Change, publish, read_ownership

FIRST_DRAIN_S = 2.0
Figures = Mapping[str, Any]


def publish_change(context: Context, values: Mapping[str, Any], undo: str) -> int:
    """Change the capability's state with the history of this operation, and return the version."""
    operation = context.operation
    change = Change(
        operation.capability,
        values,
        verb=operation.verb,
        actor=operation.actor,
        reason=operation.reason,
        undo=undo,
        figures=context.figures,
        operation=operation,
    )
    with context.journal.mine():
        return publish(change)


def await_routers(version: int) -> int:
    """Return the milliseconds until every live router obeyed; refuse when one does not."""
    watch = Stopwatch()
    behind = wait_for_routers(version, timeout_s=get_conf().lease_s * 2)
    if behind:
        names = ", ".join(f"{r.host} {r.process} (version {r.version})" for r in behind)
        raise Refused(f"These routers do not obey version {version}: {names}. Restart or stop them, then repeat.")
    return round(watch.seconds() * 1000)


def announce(context: Context) -> Figures:
    """Tell every router that the writer is about to change, and wait until each asks its own database first."""
    version = publish_change(context, {"switching": True}, undo=f"strangler undo {context.operation.capability}")
    return {"announced_version": version, "announce_ms": await_routers(version)}


def close(context: Context) -> Figures:
    """Shut out the old writer, with everything that it wrote brought to the new one."""
    if closed(context):
        return {}
    switch = context.switch
    source = switch.source_connection
    stream = stream_forth(context)
    new = switch.after(context.journal.mark)
    context.back = stream_back(context)
    context.admission = _admission(switch)
    asked_at = 0.0

    def attempt(lock_ms: int) -> None:
        nonlocal asked_at
        cap_s = get_conf().switch_cap_s
        stream.drain(source, FIRST_DRAIN_S)  # while everybody writes, so that little is left
        asked_at = ownership.close(
            source, switch.capability, switch.tables, switch.before(), new,
            lock_ms=lock_ms, drain=lambda: stream.drain(source, cap_s - lock_ms / 1000),
        )  # fmt: skip

    with stream.ready_to_drain():
        attempts = patiently(context, "close", source, attempt)
    return {"attempts": attempts, "closed_at": asked_at}


def _admission(switch: Switch) -> ownership.Admission:
    return ownership.Admission(switch.target_connection, switch.capability, switch.tables)


def open_target(context: Context) -> Figures:
    """Let the new home write: the old one has closed, and its rows are here."""
    switch = context.switch
    target = switch.target_connection
    if context.admission is None:  # an attempt before this one has closed the old home
        found = read_ownership(target, switch.capability)
        if (found.owner, found.epoch) == (switch.target, switch.epoch + 1):
            return {"opened_before": True}
    (context.back or stream_back(context)).forget()
    new = switch.after(context.journal.mark)

    def attempt(_: int) -> None:
        prepared, context.admission = context.admission, None
        (prepared or _admission(switch)).commit(switch.before(), new)

    patiently(context, "open", target, attempt)
    closed_at = context.figures.get("closed_at")
    return {"paused_ms": round((time.time() - closed_at) * 1000) if closed_at else None}


def publish_switched(context: Context) -> Figures:
    """Send reads and writes to the new writer."""
    switch = context.switch
    extracted = switch.target == "service"
    values = {
        "stage": "extracted" if extracted else "synced",
        "writer": switch.target,
        "epoch": switch.epoch + 1,
        "reads_weight": 0,
        "switching": False,
    }
    undo = f"strangler reverse {switch.capability}" if extracted else f"strangler shift-writes {switch.capability}"
    version = publish_change(context, values, undo)
    behind = wait_for_routers(version, timeout_s=get_conf().lease_s * 2)
    return {"version": version, "routers_behind": len(behind)}


# -- the way back of a switch -------------------------------------------------------------------------------------


def undo_refuse(context: Context) -> Figures:
    """Record the attempt as refused at the target, so that no late mover can open it (R1)."""
    switch = context.switch
    target, new = switch.target_connection, switch.undone(context.journal.mark)

    def attempt(lock_ms: int) -> None:
        if not ownership.refuse_attempt(
            target, switch.capability, switch.tables, opened=(switch.target, switch.epoch + 1), new=new, lock_ms=lock_ms
        ):
            raise Refused(
                f"The {switch.target} has opened and may have accepted writes: there is no undo. "
                f"`strangler resume {switch.capability}` finishes the switch; afterwards the way back is "
                f"`strangler {'reverse' if switch.target == 'service' else 'shift-writes'} {switch.capability}`."
            )

    patiently(context, "undo-refuse", target, attempt)
    return {}


def undo_reopen(context: Context) -> Figures:
    """Give the rows back to the old writer."""
    switch = context.switch
    new = switch.undone(context.journal.mark)
    ownership.reopen(switch.source_connection, switch.capability, switch.tables, below=new.epoch, new=new)
    return {"epoch": new.epoch}


def undo_publish(context: Context) -> Figures:
    """Tell every router that nothing has changed but the epoch."""
    switch = context.switch
    version = publish_change(
        context, {"switching": False, "writer": switch.source, "epoch": switch.epoch + 2}, undo="nothing to undo"
    )
    return {"version": version}
