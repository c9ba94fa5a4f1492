"""What a PostgreSQL server has written into its log about a subscription, where the role may read it."""

from __future__ import annotations

import re

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

_TAIL_BYTES = 256 << 10
_PROCESS = re.compile(r"\[(\d+)\]")


def last_error(connection: BaseDatabaseWrapper, subscription: str) -> str:
    """Return the newest error of the workers of *subscription*, or an empty string."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_read_file(f, greatest(0, (pg_stat_file(f)).size - %s), %s) FROM pg_current_logfile() f"
                " WHERE f IS NOT NULL",
                [_TAIL_BYTES, _TAIL_BYTES],
            )
            found = cursor.fetchone()
    except DatabaseError:  # most roles may not, and most servers log elsewhere
        return ""
    return _error_in(found[0], subscription) if found else ""


def _error_in(log: str, subscription: str) -> str:
    """The line in which a worker starts names the subscription; its errors share the process with it."""
    workers: set[str] = set()
    newest = ""
    for line in log.splitlines():
        process = _PROCESS.search(line)
        if process is None:
            continue
        if f'subscription "{subscription}"' in line and "has started" in line:
            workers.add(process[1])
        elif process[1] in workers and "ERROR: " in line:
            newest = line.partition("ERROR: ")[2].strip()
    return f"Its server says: {newest}." if newest else ""
