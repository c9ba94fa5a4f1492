"""
The steps of every verb that moves something.

Each finds out from the ownership rows and the control tables what is done already, so it may run again after a crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.cutover import ownership
from strangler.cutover.plan import Plan, Stopwatch
from strangler.cutover.routers import wait_for_routers
from strangler.cutover.runner import Context, Event
from strangler.cutover.writers import blockers
from strangler.errors import Refused, StranglerError
from strangler.fence import fence_of
from strangler.replication import CopyProgress, TooSlow, copy_rows, differing_tables, empty
from strangler.state import Change, publish, read_ownership

CLOSE_ATTEMPTS = 20
CLOSE_PAUSE_S = 1.0
IDLE_MARGIN_S = 5.0
Figures = Mapping[str, Any]


def _hold(context: Context, connection: BaseDatabaseWrapper) -> None:
    """
    Keep, until the caller's transaction ends, the home as the operation found it (R1).

    A newer attempt at the same operation may have left the ownership row as it was: it is asked for by name once
    the row is locked, so one that begins later waits for the row and cleans up behind us.
    """
    ownership.hold(connection, context.switch.capability, context.switch.before())
    context.journal.assert_mine()


def _publish(context: Context, values: Mapping[str, Any], undo: str) -> int:
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


def _await_routers(version: int) -> int:
    """Return the milliseconds until every live router obeyed; refuse when one does not."""
    watch = Stopwatch()
    behind = wait_for_routers(version, timeout_s=get_conf().lease_s * 2)
    if behind:
        names = ", ".join(f"{r.host} {r.process} (version {r.version})" for r in behind)
        raise Refused(f"These routers do not obey version {version}: {names}. Restart or stop them, then repeat.")
    return round(watch.seconds() * 1000)


# -- prepare ------------------------------------------------------------------------------------------------------


def install_fences(context: Context) -> Figures:
    """Put the fence on both sides: disabled at the writer, enabled at the other."""
    switch = context.switch
    source, target = switch.source_connection, switch.target_connection

    def at_source() -> None:
        with ownership.short_transaction(source):
            _hold(context, source)
            fence_of(source).install(switch.capability, switch.tables)

    def at_target() -> None:
        with ownership.short_transaction(target):
            _hold(context, target)
            fence_of(target).enable(switch.capability, switch.tables)

    _patiently(context, "fence", source, at_source)
    _patiently(context, "fence", target, at_target)
    return {"tables": len(switch.tables)}


def _patiently(context: Context, step: str, connection: BaseDatabaseWrapper, act: Callable[[], None]) -> int:
    """Retry at a distance when somebody holds a lock (R16), and return the number of attempts; name them in the end."""
    tables = context.switch.tables
    for attempt in range(1, CLOSE_ATTEMPTS + 1):
        try:
            act()
        except OperationalError as error:
            in_the_way = blockers(connection, tables)
            if attempt == CLOSE_ATTEMPTS:
                named = in_the_way or [str(error).strip()]
                raise Refused([f"The tables in {connection.alias!r} could not be locked.", *named]) from error
            context.report(Event(step, "waiting", figures={"attempt": attempt, "blockers": in_the_way}))
            time.sleep(CLOSE_PAUSE_S)
        else:
            return attempt
    raise AssertionError("unreachable")


def rehearse(context: Context) -> Figures:
    """Copy all rows while traffic goes on, to prove that they fit and to measure how long it takes."""
    switch, watch = context.switch, Stopwatch()
    with transaction.atomic(using=switch.target_connection.alias):
        _hold(context, switch.target_connection)
        rows = _copy(context, cap_s=float("inf"), verify=False)
        fence_of(switch.target_connection).enable(switch.capability, switch.tables)
    return {"rows": rows, "seconds": watch.seconds()}


def publish_synced(context: Context) -> Figures:
    """Let the stage say that the service is ready to take over."""
    version = _publish(context, {"stage": "synced"}, undo=f"strangler cancel {context.operation.capability}")
    return {"version": version}


# -- shift-writes and reverse -------------------------------------------------------------------------------------


def announce(context: Context) -> Figures:
    """Tell every router that the writer is about to change, and wait until each asks its own database first."""
    version = _publish(context, {"switching": True}, undo=f"strangler undo {context.operation.capability}")
    return {"announced_version": version, "announce_ms": _await_routers(version)}


def close(context: Context) -> Figures:
    """Shut out the old writer."""
    switch = context.switch
    source = switch.source_connection
    new = switch.after(context.journal.mark)
    attempts = _patiently(
        context,
        "close",
        source,
        lambda: ownership.close(source, switch.capability, switch.tables, switch.before(), new),
    )
    return {"attempts": attempts, "closed_at": time.time()}


def move(context: Context) -> Figures:
    """Copy the rows, compare them, and open the new writer, all in one transaction of its database."""
    switch, watch = context.switch, Stopwatch()
    target = switch.target_connection
    found = read_ownership(target, switch.capability)
    if (found.owner, found.epoch) == (switch.target, switch.epoch + 1):
        return {"opened_before": True}
    with transaction.atomic(using=target.alias):
        try:
            rows = _copy(context, cap_s=get_conf().copy_cap_s, verify=True)
        except TooSlow as error:
            raise Refused(
                f"{error}. Writers would wait too long; raise STRANGLER['COPY_CAP_S'] if they may."
            ) from error
        ownership.admit(target, switch.capability, switch.tables, switch.before(), switch.after(context.journal.mark))
    closed_at = context.figures.get("closed_at")
    paused_ms = round((time.time() - closed_at) * 1000) if closed_at else None
    return {"rows": rows, "seconds": watch.seconds(), "paused_ms": paused_ms}


def _copy(context: Context, *, cap_s: float, verify: bool) -> int:
    """Copy inside the caller's transaction on the target, from one snapshot of the source."""
    switch = context.switch
    source, target = switch.source_connection, switch.target_connection
    idle_s = min(cap_s, 3600.0) + IDLE_MARGIN_S
    ownership.limit(target, lock_ms=2_000, idle_ms=int(idle_s * 1000))

    def report(progress: CopyProgress) -> None:
        context.report(Event("copy", "progress", rows=progress.rows, total=progress.total))

    with transaction.atomic(using=source.alias):
        if source.vendor == "postgresql":
            with source.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        fence_of(target).disable(switch.tables)
        rows = copy_rows(source, target, switch.tables, report=report, cap_s=cap_s)
        if verify and (different := list(differing_tables(source, target, switch.tables))):
            raise StranglerError(f"The copy differs from the original in {', '.join(different)}.")
    return rows


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
    version = _publish(context, values, undo)
    behind = wait_for_routers(version, timeout_s=get_conf().lease_s * 2)
    return {"version": version, "routers_behind": len(behind)}


# -- the way back of a switch -------------------------------------------------------------------------------------


def undo_refuse(context: Context) -> Figures:
    """Record the attempt as refused at the target, so that no late mover can open it (R1)."""
    switch = context.switch
    opened = (switch.target, switch.epoch + 1)
    if not ownership.refuse_attempt(
        switch.target_connection, switch.capability, opened=opened, new=switch.undone(context.journal.mark)
    ):
        raise Refused(
            f"The {switch.target} has opened and may have accepted writes: there is no undo. "
            f"`strangler resume {switch.capability}` finishes the switch; afterwards the way back is "
            f"`strangler {'reverse' if switch.target == 'service' else 'shift-writes'} {switch.capability}`."
        )
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
    version = _publish(
        context, {"switching": False, "writer": switch.source, "epoch": switch.epoch + 2}, undo="nothing to undo"
    )
    return {"version": version}


# -- cancel -------------------------------------------------------------------------------------------------------


def publish_monolith(context: Context) -> Figures:
    """Let the stage say that nothing has moved, and wait until every router obeys (R20)."""
    version = _publish(
        context, {"stage": "monolith", "reads_weight": 0}, undo=f"strangler prepare {context.operation.capability}"
    )
    return {"version": version, "await_ms": _await_routers(version)}


def clean(context: Context) -> Figures:
    """Remove the writer's fence and the other home's copy; that home stays fenced."""
    switch = context.switch
    source, target = switch.source_connection, switch.target_connection

    def at_source() -> None:
        with ownership.short_transaction(source):
            _hold(context, source)
            fence_of(source).remove(switch.tables)

    def at_target() -> None:
        with ownership.short_transaction(target):
            _hold(context, target)
            fence_of(target).disable(switch.tables)
            empty(target, switch.tables)
            fence_of(target).enable(switch.capability, switch.tables)

    _patiently(context, "clean", source, at_source)
    _patiently(context, "clean", target, at_target)
    return {"tables": len(switch.tables)}


_UNDO_SWITCH = (("undo-refuse", undo_refuse), ("undo-reopen", undo_reopen), ("undo-publish", undo_publish))
_SWITCH = (
    ("announce", announce),
    ("close", close),
    ("move", move),
    ("publish", publish_switched),
)
_CANCEL = (("publish", publish_monolith), ("clean", clean))

PLANS = {
    plan.verb: plan
    for plan in (
        Plan(
            "prepare",
            (("fence", install_fences), ("rehearse", rehearse), ("publish", publish_synced)),
            (("undo-publish", publish_monolith), ("undo-clean", clean)),
        ),
        Plan("shift-writes", _SWITCH, _UNDO_SWITCH),
        Plan("reverse", _SWITCH, _UNDO_SWITCH),
        Plan("cancel", _CANCEL),
    )
}
"""Every verb that moves something, as steps."""
