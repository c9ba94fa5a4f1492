"""
A home whose database was set back, copied, or has failed over writes nothing until it is told what is true (R18).

Every new connection of the driver is looked at once; what it finds counts for the process. In a database that is as
it should be, asking costs a look into a dictionary.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.fence.setup import tables_of
from strangler.state.identity import Restored, judge

_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "REPLACE", "WITH")
_looked_at: WeakSet[Any] = WeakSet()
_suspects: dict[str, dict[str, str]] = {}


def watch_identity(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Look at a connection that is new; one that comes out of a pool again was looked at before."""
    driver = connection.connection
    if connection.vendor == "postgresql":
        if driver in _looked_at:
            return
        _looked_at.add(driver)
    _look(connection)


def why_restored(connection: BaseDatabaseWrapper, capability: str) -> str:
    """Return why the database of *connection* is not to be written for *capability*, or an empty string."""
    connection.ensure_connection()
    if capability in _suspects.get(connection.alias, ()):
        _look(connection)  # somebody may have told the database by now
    return _suspects.get(connection.alias, {}).get(capability, "")


def refuse_restored(connection: BaseDatabaseWrapper, capability: str) -> None:
    """
    Refuse a write of *capability* while its database is not the one that its home knows.

    Raises:
        Restored: nothing was written.
    """
    if why := why_restored(connection, capability):
        raise Restored(capability, why)


def refuse_statement(connection: BaseDatabaseWrapper, statement: str) -> None:
    """
    Refuse a statement that would write the rows of a capability whose database is not the one that its home knows.

    Raises:
        Restored: it was not sent.
    """
    if statement.lstrip()[:8].upper().startswith(_WRITES):
        known = get_conf().capabilities
        for capability in tuple(_suspects.get(connection.alias, ())):
            if capability in known and any(table in statement for table in tables_of(capability)):
                refuse_restored(connection, capability)


def is_suspect(connection: BaseDatabaseWrapper) -> bool:
    """Return whether any capability's row in the database of *connection* was written in another one."""
    return connection.alias in _suspects


def _look(connection: BaseDatabaseWrapper) -> None:
    try:
        conf = get_conf()
    except SetupError:  # a system check says so
        return
    watched = {name for name, _ in conf.homes_at(connection.alias) if conf.watch_restores and conf.has_two_homes(name)}
    found = {name: why for name, why in judge(connection).items() if name in watched} if watched else {}
    if found:
        _suspects[connection.alias] = found
    else:
        _suspects.pop(connection.alias, None)
