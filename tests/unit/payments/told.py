"""What the outbox holds, by SQL alone."""

from __future__ import annotations

import json

from django.db import connection


def told(intent=None):
    """Return (type, data) of each event, of one payment or of all, in order; types without what all share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, aggregate_id, payload FROM payments_outbox ORDER BY aggregate_id, sequence")
        rows = cursor.fetchall()
    return [
        (kind.removeprefix("shop.payment.").removesuffix(".v1"), json.loads(payload))
        for kind, key, payload in rows
        if intent is None or key == str(intent.id)
    ]


def types(intent=None):
    return [kind for kind, _ in told(intent)]
