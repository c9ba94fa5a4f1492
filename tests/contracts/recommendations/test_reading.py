"""What is bought together, as orders tell: a moment later, and wherever recommendations are served."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds, names_field
from tests.contracts.recommendations.orders import confirm
from tests.support.platform import Platform
from tests.support.processes import eventually


@pytest.fixture
def word() -> str:
    """A word that no other test uses."""
    return uuid.uuid4().hex[:10].upper()


def test_orders_recommend(platform: Platform, anybody: Client, word: str) -> None:
    """The most frequent first; what one order alone had is nobody's business; every answer is as OpenAPI says."""
    mug, bowl, cup, lamp = (f"{word}-{name}" for name in ("MUG", "BOWL", "CUP", "LAMP"))
    schema = anybody.get("/openapi.json").json
    close(schema)
    assert anybody.get(f"/{mug}").json == {"sku": mug, "data": []}
    confirm(platform, (mug, bowl), (mug, bowl, cup), (mug, cup, bowl), (mug, lamp), (lamp,))
    wanted = [{"sku": bowl, "orders": 3}, {"sku": cup, "orders": 2}]
    eventually(
        lambda: anybody.get(f"/{mug}").json["data"] == wanted, what="every order has been heard of", timeout_s=60
    )
    answer = anybody.get(f"/{mug}", limit=1)
    assert answer.json == {"sku": mug, "data": wanted[:1]}
    holds(schema, answer, "get_bought_together")
    names_field(anybody.get(f"/{mug}", limit=0), "limit")
    holds(schema, anybody.get(f"/{mug}", limit=51), "get_bought_together")
