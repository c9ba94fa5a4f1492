"""
One direction of logical replication.

Publication, slot and subscription are made in this order, and the subscription finds its slot there: made in one go
within one server they would wait for each other. A row of `strangler_marker` travels with the rows, and says when all
that was committed before it has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from strangler.replication.copy import TooSlow
from strangler.replication.logical.address import address_of
from strangler.replication.logical.rights import rights
from strangler.replication.stream import Flow, Lag, Progress, Stream
from strangler.state.connection import dedicated
from strangler.state.positions import applied, written
from strangler.state.streams import slot_name, stream_name

KNOWS_ORIGINS = 160000
"""The first version that can leave out of a stream what another stream brought."""
_RELEASE_S = 10.0
_OLD_TRANSACTIONS_S = 5.0
_POLL_S = 0.001
_ARRIVES_S = 0.25
_MARKER_LOCK_MS = 500


class LogicalStream(Stream):
    """Rows of one capability, from one PostgreSQL database to another, on one server or two."""

    kind: ClassVar[str] = "logical"

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self.source = flow.source_connection
        self.target = flow.target_connection
        self.name = stream_name(flow.capability, flow.target)
        self._outside: BaseDatabaseWrapper | None = None

    @property
    def slot(self) -> str:
        """The name of the slot at the source."""
        return slot_name(self.source, self.flow.capability, self.flow.target)

    def faults(self) -> Iterator[str]:
        """Yield what the servers lack, or their roles."""
        return rights(self.flow)

    # -- begin ------------------------------------------------------------------------------------------------------

    def arm(self) -> None:
        """Make publication and slot, unless they are there."""
        if not self._published():
            self._forget_marker()
            self._publish()
        if self._slot_state() is None:
            self._make_slot()

    def start(self, *, copy: bool) -> None:
        """Make the subscription, unless it is there; the server copies and applies on its own from now on."""
        if self._subscription() is not None:
            self._renew_address()
            return
        options = {"create_slot": "false", "slot_name": f"'{self.slot}'", "copy_data": str(copy).lower()}
        if self._knows_origins():
            options["origin"] = "none"
        statement = sql.SQL("CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {} WITH ({})").format(
            sql.Identifier(self.name),
            sql.Literal(address_of(self.source)),
            sql.Identifier(self.name),
            sql.SQL(", ".join(f"{key} = {value}" for key, value in options.items())),
        )
        _run(self.target, statement)

    def _renew_address(self) -> None:
        """Tell the target's server where the source is now."""
        statement = sql.SQL("ALTER SUBSCRIPTION {} CONNECTION {}")
        _run(self.target, statement.format(sql.Identifier(self.name), sql.Literal(address_of(self.source))))

    def forget(self) -> None:
        """
        Let go of what was kept so far; servers that know origins have not kept what the other stream brought.

        What a stream brings is committed without waiting for the disk, and a slot gets only as far as the log on disk:
        a commit that does wait takes all before it along.
        """
        if self._knows_origins():
            return
        with transaction.atomic(using=self.source.alias):
            _run(self.source, "SET LOCAL synchronous_commit = local")
            _run(self.source, "SELECT pg_logical_emit_message(true, 'strangler', '')")
        _run(self.source, "SELECT pg_replication_slot_advance(%s, pg_current_wal_flush_lsn())", [self.slot])

    def refresh(self) -> None:
        """Publish the tables as they are now, and let the subscription copy those that are new."""
        _run(
            self.source,
            sql.SQL("ALTER PUBLICATION {} SET TABLE {}").format(sql.Identifier(self.name), self._published_tables()),
        )
        _run(self.target, sql.SQL("ALTER SUBSCRIPTION {} REFRESH PUBLICATION").format(sql.Identifier(self.name)))

    def _make_slot(self) -> None:
        """Wait for transactions that began before, though not for ever; nobody waits for us meanwhile."""
        alone = dedicated(self.source.alias)
        try:
            _run(alone, f"SET statement_timeout = {int(_OLD_TRANSACTIONS_S * 1000)}")
            _run(alone, "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [self.slot])
        finally:
            alone.close()

    def _publish(self) -> None:
        _run(
            self.source,
            sql.SQL("CREATE PUBLICATION {} FOR TABLE {} WITH (publish_via_partition_root = true)").format(
                sql.Identifier(self.name), self._published_tables()
            ),
        )

    def _published_tables(self) -> sql.Composable:
        marker = sql.SQL("strangler_marker WHERE (capability = {} AND home = {})").format(
            sql.Literal(self.flow.capability), sql.Literal(self.flow.source)
        )
        return sql.SQL(", ").join([*map(sql.Identifier, self.flow.tables), marker])

    # -- look -------------------------------------------------------------------------------------------------------

    def progress(self) -> Progress:
        """Estimate from the servers' statistics; a table is in step once it has passed from its copy to the stream."""
        sizes = dict(
            _rows(
                self.source,
                "SELECT relname, greatest(reltuples, 0)::bigint FROM pg_class"
                " WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
                [[self.source.ops.quote_name(table) for table in self.flow.tables]],
            )
        )
        states = _rows(
            self.target,
            "SELECT c.relname, r.srsubstate::text, coalesce(p.tuples_processed, 0)"
            " FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid"
            " JOIN pg_class c ON c.oid = r.srrelid LEFT JOIN pg_stat_progress_copy p ON p.relid = r.srrelid"
            " AND p.datname = current_database() AND p.command = 'COPY FROM'"
            " WHERE s.subname = %s AND s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [self.name],
        )
        copied = sum(rows if state in "id" else sizes.get(table, 0) for table, state, rows in states)
        under_way = next((table for table, state, _ in states if state == "d"), "")
        done = bool(states) and all(state == "r" for _, state, _ in states)
        return Progress(copied, max(copied, sum(sizes.values())), under_way, done)

    def lag(self) -> Lag:
        """Ask the slot and the subscription; seconds count since the target last had everything."""
        found, subscription, errors = self._slot_state(), self._subscription(), self._errors()
        if found is None:
            return Lag(None, None, 0.0, errors, f"The slot {self.slot} is gone.", lost=True)
        active, wal_status, size_bytes = found
        if wal_status == "lost":
            problem = f"The slot {self.slot} has lost what the target needs: the server removed it to save space."
            return Lag(size_bytes, None, 0.0, errors, problem, lost=True)
        problem = ""
        if subscription is None:
            problem = "Nothing takes the rows in: the subscription is missing."
        elif not subscription[1]:
            problem = f"The subscription {self.name} is disabled."
        elif not active:
            problem = f"Nobody reads the slot {self.slot}: the target's server is down, or its worker cannot start."
        return Lag(size_bytes, None, self._behind_s(), errors, problem)

    def is_whole(self) -> bool:
        """Look for publication and subscription: a new one would not know how far the old one had come."""
        return self._published() and self._subscription() is not None

    def _behind_s(self) -> float:
        """Return 0 when what is written now arrives within a moment, else the age of the last time that all had."""
        position = written(self.source, self.kind, self.flow.capability)
        deadline = time.monotonic() + _ARRIVES_S
        while applied(self.source, self.kind, self.flow.capability, self.flow.target) < position:
            if time.monotonic() > deadline:
                return self._last_complete_s()
            time.sleep(_POLL_S * 10)
        return 0.0

    def _last_complete_s(self) -> float:
        rows = _rows(
            self.target,
            "SELECT extract(epoch FROM clock_timestamp() - max(latest_end_time))::float FROM pg_stat_subscription"
            " WHERE subname = %s AND subid IN (SELECT s.oid FROM pg_subscription s JOIN pg_database d"
            " ON d.oid = s.subdbid WHERE datname = current_database())",
            [self.name],
        )
        return max(_ARRIVES_S, rows[0][0] or 0.0)

    @contextmanager
    def ready_to_drain(self) -> Iterator[None]:
        """Keep open the connection by which the marker is raised."""
        self._outside = dedicated(self.source.alias)
        try:
            yield
        finally:
            self._outside.close()
            self._outside = None

    def drain(self, holder: BaseDatabaseWrapper, timeout_s: float) -> None:
        """Raise the marker from a connection that waits for no lock, and wait until it has arrived."""
        deadline = time.monotonic() + timeout_s
        if self._outside is None:
            with self.ready_to_drain():
                raised = self._raise_marker()
        else:
            raised = self._raise_marker()
        while self._arrived() < raised:
            if time.monotonic() > deadline:
                raise TooSlow(f"The {self.flow.target} has not caught up within {timeout_s:g} s.")
            time.sleep(_POLL_S)

    def _raise_marker(self) -> int:
        assert self._outside is not None
        try:
            rows = _rows(
                self._outside,
                "INSERT INTO strangler_marker AS m (capability, home, value) VALUES (%s, %s, 1)"
                " ON CONFLICT (capability, home) DO UPDATE SET value = m.value + 1 RETURNING value",
                [self.flow.capability, self.flow.source],
            )
        except DatabaseError:
            self._outside.close()  # its server may have gone away; the next attempt connects again
            raise
        value: int = rows[0][0]
        return value

    def _arrived(self) -> int:
        rows = _rows(
            self.target,
            "SELECT value FROM strangler_marker WHERE capability = %s AND home = %s",
            [self.flow.capability, self.flow.source],
        )
        return rows[0][0] if rows else 0

    # -- end --------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Take the subscription away first, for a slot in use cannot be dropped; then what it left at the source."""
        self._unsubscribe()
        for slot in self._slots():
            self._drop_slot(slot)
        if self._published():
            _run(self.source, sql.SQL("DROP PUBLICATION {}").format(sql.Identifier(self.name)))
        self._forget_marker()

    def traces(self) -> list[str]:
        """Name subscription, slots and publication."""
        found = []
        if self._subscription() is not None:
            found.append(f"{self.target.alias!r} has the subscription {self.name}.")
        found += [f"{self.source.alias!r} has the replication slot {slot}." for slot in self._slots()]
        if self._published():
            found.append(f"{self.source.alias!r} has the publication {self.name}.")
        return found

    def _unsubscribe(self) -> None:
        if self._subscription() is None:
            return
        name = sql.Identifier(self.name)
        for change in ("DISABLE", "SET (slot_name = NONE)"):
            _run(self.target, sql.SQL("ALTER SUBSCRIPTION {} {}").format(name, sql.SQL(change)))
        _run(self.target, sql.SQL("DROP SUBSCRIPTION {}").format(name))

    def _slots(self) -> list[str]:
        """Return the stream's slot and those that copies of single tables have left behind."""
        tables = _rows(
            self.target,
            "SELECT oid FROM pg_class WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
            [[self.target.ops.quote_name(table) for table in self.flow.tables]],
        )
        copies = "|".join(str(oid) for (oid,) in tables) or "none"
        found = _rows(
            self.source,
            "SELECT slot_name FROM pg_replication_slots WHERE slot_name = %s"
            " OR (database = current_database() AND slot_name ~ %s)",
            [self.slot, f"^pg_[0-9]+_sync_({copies})_"],
        )
        return [name for (name,) in found]

    def _drop_slot(self, slot: str) -> None:
        """Drop a slot once its reader has gone, and send it away if it does not go."""
        deadline = time.monotonic() + _RELEASE_S
        while time.monotonic() < deadline:
            rows = _rows(self.source, "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s", [slot])
            if not rows:
                return
            if rows[0][0] is None:
                _run(
                    self.source,
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    " WHERE slot_name = %s AND NOT active",
                    [slot],
                )
                continue
            _run(self.source, "SELECT pg_terminate_backend(%s)", [rows[0][0]])
            time.sleep(0.02)
        raise TooSlow(f"The replication slot {slot} at {self.source.alias!r} is still in use; it could not be dropped.")

    def _forget_marker(self) -> None:
        for connection in (self.source, self.target):
            with transaction.atomic(using=connection.alias):
                _run(connection, f"SET LOCAL lock_timeout = {_MARKER_LOCK_MS}")
                _run(
                    connection,
                    "DELETE FROM strangler_marker WHERE capability = %s AND home = %s",
                    [self.flow.capability, self.flow.source],
                )

    # -- what the catalogs say --------------------------------------------------------------------------------------

    def _published(self) -> bool:
        return bool(_rows(self.source, "SELECT 1 FROM pg_publication WHERE pubname = %s", [self.name]))

    def _subscription(self) -> tuple[int, bool] | None:
        """Return its oid, and whether it is enabled."""
        rows = _rows(
            self.target,
            "SELECT s.oid, subenabled FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid"
            " WHERE subname = %s AND datname = current_database()",
            [self.name],
        )
        return rows[0] if rows else None

    def _slot_state(self) -> tuple[bool, str, int] | None:
        """Return whether it is in use, what its log is worth, and how many bytes the target has not confirmed."""
        rows = _rows(
            self.source,
            "SELECT active, wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint"
            " FROM pg_replication_slots WHERE slot_name = %s",
            [self.slot],
        )
        return rows[0] if rows else None

    def _errors(self) -> int:
        rows = _rows(
            self.target,
            "SELECT apply_error_count + sync_error_count FROM pg_stat_subscription_stats WHERE subname = %s"
            " AND subid IN (SELECT s.oid FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
            " WHERE datname = current_database())",
            [self.name],
        )
        return rows[0][0] if rows else 0

    def _knows_origins(self) -> bool:
        """Return whether the subscriber can ask for, and the publisher can tell, what is the source's own."""
        return all(_version(connection) >= KNOWS_ORIGINS for connection in (self.source, self.target))


def _version(connection: BaseDatabaseWrapper) -> int:
    connection.ensure_connection()
    version: int = connection.connection.info.server_version
    return version


def _run(connection: BaseDatabaseWrapper, statement: Any, parameters: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _rows(connection: BaseDatabaseWrapper, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
