"""How the things are called that let rows flow from one home's database to the other's."""

from __future__ import annotations

import hashlib
import re

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home

PREFIX = "strangler"
_CAPABILITY_MAX = 30
_HASH_DIGITS = 8


def stream_name(capability: str, target: Home) -> str:
    """
    Return the name of publication and subscription that bring a capability's rows to *target*.

    A capability whose name is too long for an identifier of PostgreSQL is told from others by a hash.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", capability.lower())
    if len(plain) > _CAPABILITY_MAX:
        told_apart = hashlib.sha256(capability.encode()).hexdigest()[:_HASH_DIGITS]
        plain = f"{plain[: _CAPABILITY_MAX - _HASH_DIGITS - 1]}_{told_apart}"
    return f"{PREFIX}_{plain}_to_{target}"


def slot_name(source: BaseDatabaseWrapper, capability: str, target: Home) -> str:
    """Return the name of the replication slot at *source*; slots of all databases of a server share one namespace."""
    with source.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        (oid,) = cursor.fetchone()
    return f"{stream_name(capability, target)}_{oid}"
