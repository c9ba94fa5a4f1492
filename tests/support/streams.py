"""Ends what lets rows flow from and to a database, by SQL alone: it could not be dropped otherwise."""

from __future__ import annotations

import psycopg
from psycopg import sql

from tests.support.processes import eventually


def end_streams(dsn: str) -> None:
    """Take away subscriptions and replication slots of the database at *dsn*, as a superuser."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for (subscription,) in connection.execute(
            "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid"
            " WHERE datname = current_database()"
        ).fetchall():
            quoted = sql.Identifier(subscription)
            connection.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(quoted))
            connection.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(quoted))
            connection.execute(sql.SQL("DROP SUBSCRIPTION {}").format(quoted))
        eventually(lambda: _drop_slots(connection), what="the slots are free")


def _drop_slots(connection: psycopg.Connection) -> bool:
    """Send the readers away and drop the slots; one whose reader was quick to come back is tried again."""
    connection.execute(
        "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots"
        " WHERE database = current_database() AND active"
    )
    try:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
        )
    except psycopg.errors.ObjectInUse:
        return False
    return True
