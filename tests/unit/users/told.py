"""What the outbox holds, by SQL alone."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection

from monolith.users.local import implementation as users_here


def told(kind: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return (type, data) of each event, one account after the other, each in its order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, payload FROM users_outbox ORDER BY aggregate_id, sequence")
        found = [(t.removeprefix("shop.user.").removesuffix(".v1"), json.loads(p)) for t, p in cursor.fetchall()]
    return [one for one in found if kind in (None, one[0])]


def kinds() -> list[str]:
    """Return the types alone."""
    return [kind for kind, _ in told()]


def token_told(kind: str) -> str:
    """Return the token that the message carries which the last event of this type asks for."""
    return users_here.secret(request_id=UUID(told(kind)[-1][1]["request_id"])).text


def forget_told() -> None:
    """Empty the outbox, so that the next event is the first row; sequences go on."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users_outbox")


def everything_kept() -> str:
    """Return every row of every table, as text."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found.extend(repr(row) for row in cursor.fetchall())
    return "\n".join(found)
