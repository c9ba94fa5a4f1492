"""Connections to the databases of both homes, and connections that belong to no pool."""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home, get_conf
from strangler.errors import Refused


def dedicated(alias: str) -> BaseDatabaseWrapper:
    """Return a new, unpooled connection to the database *alias*; the caller closes it."""
    wrapper = connections[alias]
    settings_dict = {**wrapper.settings_dict, "CONN_MAX_AGE": None}
    settings_dict["OPTIONS"] = {k: v for k, v in settings_dict["OPTIONS"].items() if k != "pool"}
    return type(wrapper)(settings_dict, alias)


def connection_of(capability: str, home: Home) -> BaseDatabaseWrapper:
    """
    Return the connection to a home's database.

    Raises:
        Refused: this process has no settings for it.
    """
    alias = get_conf().capabilities[capability].databases.get(home)
    if alias is None:
        raise Refused(
            f"This process does not know the {home}'s database of {capability}: a mover needs both. Add its alias "
            f"to DATABASES and to STRANGLER['CAPABILITIES'][{capability!r}]['databases'][{home!r}]."
        )
    return connections[alias]


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
