"""Database connections that belong to one background thread and to no pool."""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def dedicated(alias: str) -> BaseDatabaseWrapper:
    """Return a new, unpooled connection to the database *alias*; the caller closes it."""
    wrapper = connections[alias]
    settings_dict = {**wrapper.settings_dict, "CONN_MAX_AGE": None}
    settings_dict["OPTIONS"] = {k: v for k, v in settings_dict["OPTIONS"].items() if k != "pool"}
    return type(wrapper)(settings_dict, alias)


def now_sql(connection: BaseDatabaseWrapper) -> str:
    """Return the SQL of the database's clock, in seconds since 1970."""
    if connection.vendor == "postgresql":
        return "extract(epoch from clock_timestamp())"
    return "((julianday('now') - 2440587.5) * 86400.0)"


def release_connections() -> None:
    """Give database connections back before waiting for another host; persistent ones are this thread's anyway."""
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["CONN_MAX_AGE"] == 0 and not connection.in_atomic_block:
            connection.close()
