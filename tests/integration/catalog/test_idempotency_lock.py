"""On PostgreSQL a repeat that meets the first one is told so at once, instead of waiting for its row."""

from __future__ import annotations

import json
import time
import uuid

import psycopg

from monolith.catalog.models import CatalogIdempotency
from strangler.fence.alone import lock_id
from tests.contracts.catalog.client import Client
from tests.support.platform import Platform


def test_repeat_is_told_at_once_while_another_transaction_works_on_the_key(postgres_platform: Platform) -> None:
    """The lock is the database's: it holds between processes and hosts, and ends with the transaction."""
    staff = Client(postgres_platform.doors["monolith"], postgres_platform.token)
    key = str(uuid.uuid4())
    name = (CatalogIdempotency._meta.db_table, "checker", "POST /categories", key)
    with psycopg.connect(postgres_platform.homes["monolith"]) as first:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [lock_id(*name)])
        began = time.monotonic()
        answer = staff.create("/categories", {"slug": f"c-{key}", "name": "C"}, key=key)
        assert (answer.status, answer.json["code"]) == (409, "idempotency_in_progress"), json.loads(answer.content)
        assert answer.headers["Retry-After"] == "1"
        assert time.monotonic() - began < 5
        other = staff.create("/categories", {"slug": f"d-{key}", "name": "D"})
        assert other.status == 201
    assert staff.create("/categories", {"slug": f"c-{key}", "name": "C"}, key=key).status == 201
