"""The steps that let rows flow between the homes, and those that end it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.cutover import ownership
from strangler.cutover.patience import patiently
from strangler.cutover.plan import Stopwatch
from strangler.cutover.runner import Context, Event
from strangler.cutover.writers import elders
from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.models import Stream as StreamRow
from strangler.replication import Stream, count_rows, empty, fitting, flow_of, leap_counters, recorded, stream_of
from strangler.replication.archive import archive
from strangler.state import read_ownership

ERRORS_MAX = 5
LOOK_S = 0.1
Figures = Mapping[str, Any]


def stream_forth(context: Context) -> Stream:
    """
    Return the stream that brings the rows to the operation's target.

    Raises:
        Refused: there is none.
    """
    switch = context.switch
    row = recorded(switch.capability, switch.target)
    if row is None:
        raise Refused(
            f"No rows of {switch.capability} flow to the {switch.target}: `strangler doctor` says what has happened."
        )
    return stream_of(row.kind, flow_of(switch.capability, switch.source, switch.target))


def stream_back(context: Context) -> Stream:
    """Return the stream that will bring the rows back from the operation's target, by the same mover."""
    switch = context.switch
    return stream_of(stream_forth(context).kind, flow_of(switch.capability, switch.target, switch.source))


def hold(context: Context, connection: BaseDatabaseWrapper) -> None:
    """
    Keep, until the caller's transaction ends, the home as the operation found it (R1).

    A newer attempt at the same operation may have left the ownership row as it was: it is asked for by name once
    the row is locked, so one that begins later waits for the row and cleans up behind us.
    """
    ownership.hold(connection, context.switch.capability, context.switch.before())
    context.journal.assert_mine()


def _record(context: Context, stream: Stream, state: str) -> None:
    flow = stream.flow
    with context.journal.mine():
        StreamRow.objects.using(get_conf().control_database).update_or_create(
            capability=flow.capability,
            target=flow.target,
            defaults={"source": flow.source, "kind": stream.kind, "state": state},
        )


def _end(context: Context, stream: Stream) -> None:
    """Leave nothing of a stream behind; the record goes last, so that whoever repeats this finds it."""
    context.journal.assert_mine()
    flow = stream.flow
    patiently(context, "stop", flow.source_connection, lambda _: stream.stop(), also=flow.target_connection)
    with context.journal.mine():
        rows = StreamRow.objects.using(get_conf().control_database)
        rows.filter(capability=flow.capability, target=flow.target).delete()


# -- prepare ------------------------------------------------------------------------------------------------------


def install_fences(context: Context) -> Figures:
    """Put the fence on both sides: disabled at the writer, enabled at the other."""
    switch = context.switch
    source, target = switch.source_connection, switch.target_connection

    def at_source(lock_ms: int) -> None:
        with ownership.short_transaction(source, lock_ms):
            hold(context, source)
            fence_of(source).install(switch.capability, switch.tables)

    def at_target(lock_ms: int) -> None:
        with ownership.short_transaction(target, lock_ms):
            hold(context, target)
            fence_of(target).enable(switch.capability, switch.tables)

    patiently(context, "fence", source, at_source)
    patiently(context, "fence", target, at_target)
    return {"tables": len(switch.tables)}


def arm_forth(context: Context) -> Figures:
    """Keep for the service what is written from now on; whatever an earlier attempt left is taken away first."""
    switch = context.switch
    flow = flow_of(switch.capability, switch.source, switch.target)
    if recorded(switch.capability, switch.target) is None:
        stream = fitting(flow, wanted=context.operation.arguments.get("mover", ""))
        context.journal.assert_mine()
        patiently(context, "arm", flow.source_connection, lambda _: stream.stop())
        _record(context, stream, StreamRow.ARMED)
    stream = stream_forth(context)
    context.journal.assert_mine()
    patiently(context, "arm", flow.source_connection, lambda _: stream.arm(), who=elders)
    return {"mover": stream.kind}


def copy(context: Context) -> Figures:
    """Bring over the rows that are there, while traffic goes on, until every table is in step."""
    return _copy(context, stream_forth(context))


def _copy(context: Context, stream: Stream) -> Figures:
    watch, target = Stopwatch(), stream.flow.target_connection
    row = recorded(stream.flow.capability, stream.flow.target)
    if row is not None and row.state == StreamRow.ARMED:
        patiently(context, "copy", target, lambda lock_ms: _clear(context, target, lock_ms))
        _record(context, stream, StreamRow.COPYING)
    context.journal.assert_mine()
    patiently(context, "copy", target, lambda _: stream.start(copy=True))
    _await_copy(context, stream)
    leap_counters(stream.flow.source_connection, target, stream.flow.tables)
    _record(context, stream, StreamRow.STREAMING)
    return {"rows": sum(count_rows(target, stream.flow.tables).values()), "seconds": watch.seconds()}


def _clear(context: Context, target: BaseDatabaseWrapper, lock_ms: int) -> None:
    """Remove the rows of a home that is not the owner; it stays fenced."""
    switch = context.switch
    with ownership.short_transaction(target, lock_ms):
        hold(context, target)
        fence_of(target).disable(switch.tables)
        empty(target, switch.tables)
        fence_of(target).enable(switch.capability, switch.tables)


def _await_copy(context: Context, stream: Stream) -> None:
    """
    Report how far it is until it is done.

    Raises:
        Refused: the servers tried again and again, and failed.
    """
    before = stream.lag().errors
    while not (progress := stream.progress()).done:
        context.report(Event("copy", "progress", rows=progress.rows, total=progress.total))
        lag = stream.lag()
        if lag.errors - before >= ERRORS_MAX:
            raise Refused(
                f"The {stream.flow.target}'s server has failed {lag.errors - before} times to take the rows in "
                f"(last at {progress.table or 'the changes'}). Its log says why; {lag.problem}".strip()
            )
        time.sleep(LOOK_S)


# -- a switch -----------------------------------------------------------------------------------------------------


def catch_up(context: Context) -> Figures:
    """
    Make sure that the target is close behind; a stream that has lost something copies everything again (R17).

    Raises:
        Refused: it does not catch up.
    """
    switch = context.switch
    if closed(context):
        return {}
    stream, watch = _working_stream(context), Stopwatch()
    leap_counters(switch.source_connection, switch.target_connection, switch.tables)
    stream.drain(switch.source_connection, get_conf().catch_up_s)
    return {"mover": stream.kind, "catch_up_ms": round(watch.seconds() * 1000)}


def closed(context: Context) -> bool:
    """Return whether an attempt before this one has shut out the old writer: then all that precedes is done."""
    switch = context.switch
    found = read_ownership(switch.source_connection, switch.capability)
    return (found.owner, found.epoch) == (switch.target, switch.epoch + 1)


def _working_stream(context: Context) -> Stream:
    switch = context.switch
    flow = flow_of(switch.capability, switch.source, switch.target)
    row = recorded(switch.capability, switch.target)
    stream = stream_of(row.kind, flow) if row else fitting(flow)
    if row is None or row.state != StreamRow.STREAMING or stream.lag().lost or not stream.is_whole():
        context.journal.assert_mine()
        patiently(context, "renew", flow.source_connection, lambda _: stream.stop())
        _record(context, stream, StreamRow.ARMED)
        patiently(context, "renew", flow.source_connection, lambda _: stream.arm(), who=elders)
        _copy(context, stream)
    else:
        context.journal.assert_mine()
        patiently(context, "catch-up", flow.target_connection, lambda _: stream.start(copy=False))
    return stream


def arm_back(context: Context) -> Figures:
    """Keep for the old home what the new one will write, before it writes anything (R17)."""
    switch = context.switch
    if closed(context):
        return {}
    stream = stream_back(context)
    if recorded(switch.capability, switch.source) is None:
        context.journal.assert_mine()
        patiently(context, "arm", switch.target_connection, lambda _: stream.stop())
        _record(context, stream, StreamRow.ARMED)
    context.journal.assert_mine()
    patiently(context, "arm", switch.target_connection, lambda _: stream.arm(), who=elders)
    return {}


def turn(context: Context) -> Figures:
    """Let the rows flow the other way."""
    switch = context.switch
    back = recorded(switch.capability, switch.source)
    if back is None:
        raise Refused(f"The way back of {switch.capability} was not armed: `strangler doctor` says what has happened.")
    context.journal.assert_mine()
    stream = stream_of(back.kind, flow_of(switch.capability, switch.target, switch.source))
    patiently(context, "turn", switch.source_connection, lambda _: stream.start(copy=False))
    _record(context, stream, StreamRow.STREAMING)
    forth = stream_of(back.kind, flow_of(switch.capability, switch.source, switch.target))
    _end(context, forth)
    return {}


def disarm(context: Context) -> Figures:
    """Take the way back away again: the writer has not changed."""
    switch = context.switch
    row = recorded(switch.capability, switch.source)
    if row is not None:
        _end(context, stream_of(row.kind, flow_of(switch.capability, switch.target, switch.source)))
    return {}


# -- cancel -------------------------------------------------------------------------------------------------------


def clean(context: Context) -> Figures:
    """End the stream, remove the writer's fence and the other home's copy; that home stays fenced."""
    switch = context.switch
    source, target = switch.source_connection, switch.target_connection
    end_stream(context)

    def at_source(lock_ms: int) -> None:
        with ownership.short_transaction(source, lock_ms):
            hold(context, source)
            fence_of(source).remove(switch.tables)

    patiently(context, "clean", source, at_source)
    patiently(context, "clean", target, lambda lock_ms: _clear(context, target, lock_ms))
    return {"tables": len(switch.tables)}


# -- complete -----------------------------------------------------------------------------------------------------


def end_stream(context: Context) -> Figures:
    """Stop bringing rows to the operation's target."""
    switch = context.switch
    row = recorded(switch.capability, switch.target)
    if row is not None:
        _end(context, stream_of(row.kind, flow_of(switch.capability, switch.source, switch.target)))
    return {}


def retire(context: Context) -> Figures:
    """Keep the monolith's copy as files and remove its rows; the tables stay, empty and fenced."""
    switch = context.switch
    folder = get_conf().state_dir / "archive" / f"{switch.capability}-epoch-{switch.epoch}"
    rows = archive(switch.target_connection, switch.tables, folder)
    target = switch.target_connection
    patiently(context, "retire", target, lambda lock_ms: _clear(context, target, lock_ms))
    return {"archive": str(folder), "archived_rows": sum(rows.values())}
