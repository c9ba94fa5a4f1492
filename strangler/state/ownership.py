"""Reading a home's own ownership row: the only row that counts for a write."""

from __future__ import annotations

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.errors import SetupError


class Owned(NamedTuple):
    """Who may write a capability's rows, as one database knows it; `strangler.models.Ownership` says more."""

    owner: str
    epoch: int
    attempt: str = ""
    owned_epoch: int = 0


def read_ownership(connection: BaseDatabaseWrapper, capability: str) -> Owned:
    """
    Read the row in one statement.

    Raises:
        SetupError: the database has no row for *capability*.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT owner, epoch, attempt, owned_epoch FROM strangler_ownership WHERE capability = %s", [capability]
        )
        row = cursor.fetchone()
    if row is None:
        raise SetupError([f"{connection.alias!r} has no ownership row for {capability!r}: run `migrate` there."])
    return Owned(*row)
