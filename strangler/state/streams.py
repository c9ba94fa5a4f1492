"""How the things are called that let rows flow from one home's database to the other's."""

from __future__ import annotations

import re

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home

PREFIX = "strangler"
_CAPABILITY_MAX = 32


def stream_name(capability: str, target: Home) -> str:
    """Return the name of publication and subscription that bring a capability's rows to *target*."""
    plain = re.sub(r"[^a-z0-9]+", "_", capability.lower())
    return f"{PREFIX}_{plain[:_CAPABILITY_MAX]}_to_{target}"


def slot_name(source: BaseDatabaseWrapper, capability: str, target: Home) -> str:
    """Return the name of the replication slot at *source*; slots of all databases of a server share one namespace."""
    with source.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = cursor.fetchone()
    return f"{stream_name(capability, target)}_{oid}"
