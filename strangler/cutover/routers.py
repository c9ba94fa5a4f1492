"""The processes that route, and waiting for all of them to obey a version (R20)."""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import connections

from strangler.conf import get_conf
from strangler.state.connection import now_sql

POLL_S = 0.005


class LiveRouter(NamedTuple):
    """A process within its lease."""

    host: str
    process: str
    version: int


def live_routers() -> list[LiveRouter]:
    """Return every process whose lease has not run out, by host and process."""
    conf = get_conf()
    connection = connections[conf.control_database]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT host, process, version FROM strangler_router"
            f" WHERE seen_at > {now_sql(connection)} - %s ORDER BY host, process",
            [conf.lease_s],
        )
        return [LiveRouter(*row) for row in cursor.fetchall()]


def wait_for_routers(version: int, timeout_s: float) -> list[LiveRouter]:
    """
    Wait until every live router has acknowledged *version*.

    Returns:
        Those that had not when *timeout_s* ran out; empty means that all obey.
    """
    deadline = time.monotonic() + timeout_s
    while behind := [r for r in live_routers() if r.version < version]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    return behind
