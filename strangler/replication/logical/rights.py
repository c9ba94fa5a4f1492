"""What PostgreSQL's logical replication asks of two servers and of the roles by which we reach them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.stream import Flow
from strangler.state.streams import stream_name

OLDEST, NEWEST = 15, 18
KEEPERS = 2
"""One for the stream, and one for the table that is being copied."""
_WITHOUT_SUPERUSER = 16


def rights(flow: Flow) -> Iterator[str]:
    """
    Yield a sentence for everything that the servers lack, or their roles, to let rows flow; changes nothing.

    What the stream of *flow* itself takes up already is not counted against it.
    """
    homes = (flow.source_connection, flow.target_connection)
    if any(connection.vendor != "postgresql" for connection in homes):
        yield "Logical replication needs PostgreSQL on both sides."
        return
    for connection in homes:
        yield from _version(connection)
        yield from _writable(connection)
        yield from _create(connection)
    yield from _publisher(flow)
    yield from _subscriber(flow)


def _version(connection: BaseDatabaseWrapper) -> Iterator[str]:
    major = _major(connection)
    if not OLDEST <= major <= NEWEST:
        yield (
            f"{connection.alias!r} runs on PostgreSQL {major}; rows flow by logical replication from {OLDEST} to "
            f"{NEWEST}. Use the mover `keylog`, or another version."
        )


def _writable(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if _value(connection, "SELECT pg_is_in_recovery()"):
        yield f"{connection.alias!r} is a standby: give DATABASES the address of its primary."


def _create(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if not _value(connection, "SELECT has_database_privilege(current_database(), 'CREATE')"):
        role, database = _names(connection)
        yield (
            f"The role {role} may not create publications and subscriptions in {connection.alias!r}: "
            f"GRANT CREATE ON DATABASE {database} TO {role}."
        )


def _publisher(flow: Flow) -> Iterator[str]:
    connection, alias = flow.source_connection, flow.source_connection.alias
    if (level := _setting(connection, "wal_level")) != "logical":
        yield f"{alias!r} has wal_level = {level}: set it to logical and restart the server."
    role, _ = _names(connection)
    if not _value(connection, "SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield f"The role {role} may not make replication slots in {alias!r}: ALTER ROLE {role} REPLICATION."
    ours = f"{stream_name(flow.capability, flow.target)}%"
    slots = _value(connection, "SELECT count(*) FROM pg_replication_slots WHERE slot_name NOT LIKE %s", [ours])
    yield from _room(connection, "max_replication_slots", slots, KEEPERS)
    others = "SELECT count(*) FROM pg_stat_replication WHERE application_name LIKE %s IS NOT TRUE"
    yield from _room(connection, "max_wal_senders", _value(connection, others, [ours]), KEEPERS)


def _subscriber(flow: Flow) -> Iterator[str]:
    connection = flow.target_connection
    ours = stream_name(flow.capability, flow.target)
    workers = _value(
        connection,
        "SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL AND subname IS DISTINCT FROM %s",
        [ours],
    )
    yield from _room(connection, "max_logical_replication_workers", workers, KEEPERS)
    origins = "max_active_replication_origins" if _major(connection) >= NEWEST else "max_replication_slots"
    others = "SELECT count(*) FROM pg_subscription WHERE subname <> %s"
    # Each table that is being copied has an origin of its own; one that gets none fails until another is done.
    copying = int(_setting(connection, "max_sync_workers_per_subscription"))
    yield from _room(connection, origins, _value(connection, others, [ours]), 1 + copying)
    if not _superuser(connection):
        yield from _plain_subscriber(flow)


def _plain_subscriber(flow: Flow) -> Iterator[str]:
    connection, alias = flow.target_connection, flow.target_connection.alias
    role, _ = _names(connection)
    if _major(connection) < _WITHOUT_SUPERUSER:
        yield (
            f"Before PostgreSQL {_WITHOUT_SUPERUSER} only a superuser may subscribe, and {role} of {alias!r} is none: "
            "use the mover `keylog`, or a superuser for the mover alone."
        )
        return
    if not _value(connection, "SELECT pg_has_role(current_user, 'pg_create_subscription', 'USAGE')"):
        yield f"The role {role} may not subscribe in {alias!r}: GRANT pg_create_subscription TO {role}."
    if not flow.source_connection.settings_dict.get("PASSWORD"):
        yield (
            f"A plain role's subscription must log in with a password, and DATABASES[{flow.source_connection.alias!r}] "
            "has none: set PASSWORD, and let the server ask for it (scram-sha-256)."
        )


def _room(connection: BaseDatabaseWrapper, setting: str, used: int, needed: int) -> Iterator[str]:
    limit = int(_setting(connection, setting))
    if limit - used < needed:
        yield (
            f"{connection.alias!r} has {setting} = {limit}, of which {used} are in use, and {needed} more are needed: "
            f"raise it to {used + needed} or more and restart the server, or free some."
        )


def _superuser(connection: BaseDatabaseWrapper) -> bool:
    return bool(_value(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


def _names(connection: BaseDatabaseWrapper) -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_user), quote_ident(current_database())")
        role, database = cursor.fetchone()
    return role, database


def _major(connection: BaseDatabaseWrapper) -> int:
    return int(_setting(connection, "server_version_num")) // 10_000


def _setting(connection: BaseDatabaseWrapper, name: str) -> str:
    return str(_value(connection, "SELECT setting FROM pg_settings WHERE name = %s", [name]))


def _value(connection: BaseDatabaseWrapper, statement: str, parameters: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]
