"""What the outbox holds, by SQL alone."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection


def told_of(key: object) -> list[tuple[str, int, dict[str, Any]]]:
    """Return (type, sequence, data) of each event about one shipment, in order; the type without what all share."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, sequence, payload FROM shipping_outbox WHERE aggregate_id = %s ORDER BY sequence", [str(key)]
        )
        rows = cursor.fetchall()
    return [
        (kind.removeprefix("shop.shipment.").removesuffix(".v1"), sequence, json.loads(payload))
        for kind, sequence, payload in rows
    ]


def kinds(key: object) -> list[str]:
    """Return the types alone."""
    return [kind for kind, _, _ in told_of(key)]
