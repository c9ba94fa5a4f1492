"""
How this process keeps up with the table: one background thread, a lease, and the last good table on disk.

The thread hears of a change at once (PostgreSQL: LISTEN; SQLite: a look every few milliseconds) and
acknowledges the version it obeys. A switch waits for the acknowledgements of every process within its
lease; a process that has not reached the control database for most of its lease knows that nobody waits
for it any more, says so (`leased`), and asks its own database before each read instead (ADR 0005).
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import socket
import threading
import time
import uuid
from dataclasses import asdict
from pathlib import Path

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.routing import CapabilityState, Table
from strangler.state.connection import dedicated, now_sql
from strangler.state.store import CHANNEL, ControlUnreachable, build_table, load_table, read_version

log = logging.getLogger("strangler.follower")
SQLITE_POLL_S = 0.02
LEASE_MARGIN = 0.8
RETRY_S = 0.5


class Follower:
    """Keeps one process's table in step with the control database."""

    def __init__(self) -> None:
        conf = get_conf()
        self.lease_s = conf.lease_s
        self.router = uuid.uuid4().hex
        self.process = f"{socket.gethostname()}:{os.getpid()}"
        self.host = conf.host
        self.alias = conf.control_database
        self.file = conf.state_dir / f"table-{conf.host}.json"
        self.leased_until = 0.0
        self.error = ""
        self.table = self._first_table()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="strangler-follower", daemon=True)

    def _first_table(self) -> Table:
        connection = dedicated(self.alias)
        try:
            return load_table(connection)
        except ControlUnreachable as error:
            self.error = str(error)
            log.warning("serving the last good table: %s", error)
            return read_last_good(self.file)
        finally:
            connection.close()

    def _run(self) -> None:
        while not self.stopping.is_set():
            connection = dedicated(self.alias)
            try:
                self._follow(connection)
            except (DatabaseError, ControlUnreachable, OSError) as error:
                self.error = str(error)
                log.warning("the control database does not answer, keeping version %s: %s", self.table.version, error)
                self.stopping.wait(RETRY_S)
            finally:
                connection.close()

    def _follow(self, connection: BaseDatabaseWrapper) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
        self.catch_up(connection)
        self.error = ""
        while not self.stopping.is_set():
            self._await_change(connection)
            self.catch_up(connection)
        self._leave(connection)

    def _await_change(self, connection: BaseDatabaseWrapper) -> None:
        """Return when there may be a newer version, or when the lease wants renewing."""
        patience_s = self.lease_s / 4
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors:  # a server that goes away says so here
                for _ in connection.connection.notifies(timeout=patience_s, stop_after=1):
                    pass
            return
        until = time.monotonic() + patience_s
        while time.monotonic() < until and not self.stopping.wait(SQLITE_POLL_S):
            if read_version(connection) != self.table.version:
                return

    def catch_up(self, connection: BaseDatabaseWrapper) -> None:
        """Renew the lease and obey the newest version; the lease counts from before the question."""
        asked_at = time.monotonic()
        self._acknowledge(connection)
        while read_version(connection) != self.table.version:
            self.table = load_table(connection)
            self._acknowledge(connection)
            write_last_good(self.file, self.table)
        self.leased_until = asked_at + self.lease_s * LEASE_MARGIN

    def _acknowledge(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO strangler_router (id, host, process, version, seen_at)"
                f" VALUES (%s, %s, %s, %s, {now_sql(connection)}) ON CONFLICT (id)"
                " DO UPDATE SET version = excluded.version, process = excluded.process, seen_at = excluded.seen_at",
                [self.router, self.host, self.process, self.table.version],
            )

    def _leave(self, connection: BaseDatabaseWrapper) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM strangler_router WHERE id = %s", [self.router])

    def stop(self) -> None:
        """Stop following and sign off, so that nobody waits for this process."""
        self.leased_until = 0.0
        self.stopping.set()
        self.thread.join(timeout=self.lease_s)


def write_last_good(file: Path, table: Table) -> None:
    """Keep *table* for a start without the control database; replaced in one step."""
    document = {"version": table.version, "capabilities": [asdict(c) for c in table.capabilities.values()]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(document))
        fresh.replace(file)
    except OSError as error:
        log.warning("the last good table could not be kept in %s: %s", file, error)


def read_last_good(file: Path) -> Table:
    """Return the table kept on disk, or the one in which nothing has moved yet."""
    try:
        document = json.loads(file.read_text())
        states = {c["name"]: CapabilityState(**c) for c in document["capabilities"]}
        return build_table(document["version"], states)
    except FileNotFoundError:
        return build_table(0, {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the last good table in %s is unreadable: %s", file, error)
        return build_table(0, {})


_follower: Follower | None = None
_lock = threading.Lock()


def start() -> Follower:
    """Start following in this process, once; a forked child starts its own."""
    global _follower
    with _lock:
        if _follower is None:
            _follower = Follower()
            _follower.thread.start()
        return _follower


def table() -> Table:
    """Return the newest table that this process knows."""
    return (_follower or start()).table if get_conf().follow else load_table()


def leased() -> bool:
    """Return whether a switch would wait for this process; without a lease, reads ask their own database first."""
    return not get_conf().follow or time.monotonic() < (_follower or start()).leased_until


def problem() -> str:
    """Return why the control database could not be followed, or an empty string."""
    return (_follower or start()).error if get_conf().follow else ""


def stop() -> None:
    """Stop this process's follower, if it runs."""
    global _follower
    with _lock:
        if _follower is not None:
            _follower.stop()
            _follower = None


def _forget_after_fork() -> None:
    global _follower, _lock
    _follower, _lock = None, threading.Lock()


atexit.register(stop)
os.register_at_fork(after_in_child=_forget_after_fork)
