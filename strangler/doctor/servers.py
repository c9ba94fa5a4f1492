"""What PostgreSQL servers keep for the other home, and what they have left for another move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from strangler.conf import HOMES, get_conf
from strangler.doctor.case import Case, Place
from strangler.doctor.finding import Finding
from strangler.fence import other
from strangler.models import Stream as StreamRow
from strangler.replication import recorded
from strangler.state.streams import PREFIX, slot_name, stream_name

_WARN_FROM = 0.5


class _Slots(NamedTuple):
    wal_level: str
    slots: int
    slots_max: int
    subscriptions: int
    workers_max: int


def servers(case: Case) -> Iterator[Finding]:
    """Find log that grows for a stream, and servers on which a stream could not begin or has nowhere to run."""
    for place in case.places.values():
        if place.postgresql:
            row = recorded(case.name, other(place.home))
            logical = [r for home in HOMES if (r := recorded(case.name, home)) and r.kind == "logical"]
            if row is not None and row.kind == "logical":
                yield from _growth(case, place, row)
            yield from _room(case, place, moving=bool(logical))


def strangers(case: Case, names: list[str]) -> Iterator[Finding]:
    """Find publications, subscriptions and slots that are called like ours, and of no capability in the settings."""
    for place in case.places.values():
        if not place.postgresql:
            continue
        known = [*names, *(f"{name}_rehearsal" for name in names)]
        ours = {stream_name(name, home) for name in known for home in HOMES}
        ours |= {slot_name(place.connection, name, home) for name in known for home in HOMES}
        found = _rows(
            place,
            "SELECT 'publication', pubname FROM pg_publication UNION ALL"
            " SELECT 'subscription', subname FROM pg_subscription WHERE subdbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()) UNION ALL"
            " SELECT 'slot', slot_name FROM pg_replication_slots WHERE database = current_database()",
        )
        for kind, name in found:
            if name.startswith(f"{PREFIX}_") and name not in ours:
                yield Finding(
                    "stream-unknown",
                    "warning",
                    case.name,
                    f"{place.connection.alias!r} has the {kind} {name}, of no capability in these settings.",
                    "Another host may know it. Otherwise drop it: subscription first, then slot, then publication.",
                )


def _growth(case: Case, place: Place, row: StreamRow) -> Iterator[Finding]:
    found = _rows(
        place,
        "SELECT s.wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint,"
        " (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size')"
        " FROM pg_replication_slots s WHERE s.slot_name = %s",
        slot_name(place.connection, case.name, other(place.home)),
    )
    if not found or found[0][1] is None:
        return  # a slot that is missing or lost is told of as such
    status, kept, keep_mb = found[0]
    limit = get_conf().wal_limit_bytes if keep_mb < 0 else min(get_conf().wal_limit_bytes, keep_mb << 20)
    if kept < limit * _WARN_FROM and status != "unreserved":
        return
    over = kept >= limit or status == "unreserved"
    yield Finding(
        "wal-limit" if over else "wal-growing",
        "error" if over else "warning",
        case.name,
        f"The {place.home}'s server keeps {_size(kept)} of log for the {row.target}; the limit is {_size(limit)}.",
        "Find out why the other side does not read it: past `max_slot_wal_keep_size` the stream is lost, and without "
        "that limit the disk fills up.",
    )


def _room(case: Case, place: Place, *, moving: bool) -> Iterator[Finding]:
    room = _Slots(
        *_rows(
            place,
            "SELECT current_setting('wal_level'), (SELECT count(*) FROM pg_replication_slots),"
            " current_setting('max_replication_slots')::int, (SELECT count(*) FROM pg_subscription WHERE subenabled),"
            " least(current_setting('max_logical_replication_workers')::int,"
            " current_setting('max_worker_processes')::int - 1)",
        )[0]
    )
    if moving and room.wal_level != "logical":
        yield Finding(
            "wal-level",
            "error",
            case.name,
            f"The {place.home}'s server runs with wal_level = {room.wal_level}: no rows can flow from it.",
            "Set wal_level = logical and restart it.",
        )
    if room.wal_level == "logical" and room.slots >= room.slots_max:
        yield Finding(
            "slots-exhausted",
            "warning",
            case.name,
            f"All {room.slots_max} replication slots of the {place.home}'s server are taken.",
            "The next switch cannot keep anything for the way back: drop slots that nobody reads, or raise "
            "max_replication_slots and restart it.",
        )
    if moving and room.subscriptions > room.workers_max:
        yield Finding(
            "workers-exhausted",
            "error",
            case.name,
            f"{room.subscriptions} subscriptions share {room.workers_max} workers on the {place.home}'s server.",
            "Some take no rows in: raise max_logical_replication_workers and max_worker_processes, and restart it.",
        )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):,.0f} MiB" if size_bytes >= 1 << 20 else f"{size_bytes:,} bytes"


def _rows(place: Place, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with place.connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())
