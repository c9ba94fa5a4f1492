"""What the outbox holds, by SQL alone."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.db import connection


class Told(NamedTuple):
    """An event as its row says it; `type` without the words that all of them share."""

    type: str
    aggregate: str
    sequence: int
    data: dict[str, Any]


def told(aggregate_type: str | None = None) -> list[Told]:
    """Return every event, one aggregate after the other, each in its order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, aggregate_type, aggregate_id, sequence, payload FROM inventory_outbox"
            " ORDER BY aggregate_type, aggregate_id, sequence"
        )
        rows = cursor.fetchall()
    return [
        Told(kind.removeprefix("shop.stock.").removesuffix(".v1"), key, sequence, json.loads(payload))
        for kind, of, key, sequence, payload in rows
        if aggregate_type in (None, of)
    ]


def told_of(key: object) -> list[tuple[str, int, dict[str, Any]]]:
    """Return (type, sequence, data) of each event about one aggregate, in order."""
    return [(one.type, one.sequence, one.data) for one in told() if one.aggregate == str(key)]


def forget_told() -> None:
    """Empty the outbox, so that the next event is the first row; sequences go on."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_outbox")
