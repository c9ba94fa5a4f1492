"""How one server reaches the other."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import conninfo, pq

_PARTS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def address_of(connection: BaseDatabaseWrapper) -> str:
    """
    Return the libpq connection string of a database, from Django's settings of it.

    The server of the other home connects with it, so what stands there must be true from that machine as well.
    """
    settings = connection.settings_dict
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    parts = {name: settings[key] for name, key in _PARTS.items() if settings.get(key)}
    others = {name: value for name, value in settings["OPTIONS"].items() if name in known}
    return conninfo.make_conninfo(**(parts | others))
