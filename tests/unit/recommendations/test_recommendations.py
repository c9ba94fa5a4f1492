"""What is recommended, from orders as they come: the envelopes are written by hand."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone

from monolith.recommendations.contract import Companion, OutOfBounds
from monolith.recommendations.local import implementation
from monolith.recommendations.models import Bought
from monolith.recommendations.services import forget, order_note
from strangler.events import inbox

pytestmark = pytest.mark.django_db
urlpatterns = [path("api/recommendations/", include("monolith.recommendations.urls"))]
DAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


def confirmed(*skus: str) -> str:
    """Return the envelope of an order that was confirmed: CloudEvents 1.0, structured."""
    order, price = str(uuid.uuid4()), {"amount": 1999, "currency": "USD"}
    lines = [{"sku": sku, "qty": 1} for sku in skus]
    data = {"order_id": order, "number": "A-1", "customer_id": str(uuid.uuid4()), "lines": lines, "total": price}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "/orders",
            "type": "shop.order.confirmed.v1",
            "subject": order,
            "time": "2026-11-23T08:00:00Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:strangler:orders:shop.order",
            "partitionkey": order,
            "aggregatetype": "order",
            "sequence": f"{1:019}",
            "previoussequence": f"{0:019}",
            "data": data,
        }
    )


def bought(*skus: str, times: int = 1, at: datetime = DAY) -> None:
    for _ in range(times):
        order_note(order_id=uuid.uuid4(), skus=skus, at=at)


def together(*skus: str, **more: Any) -> list[tuple[str, int]]:
    return [(one.sku, one.orders) for one in implementation.bought_together(skus=skus, **more)]


def test_orders_are_read_once_each() -> None:
    """Two orders make a recommendation; the same event again makes nothing."""
    copies = [confirmed("MUG", "BOWL", "BOWL"), confirmed("BOWL", "MUG")]
    for _ in range(2):
        receipts = inbox.receive("recommendations", copies)
        assert receipts.refused == {}
    assert implementation.bought_together(skus=("MUG",)) == (Companion(sku="BOWL", orders=2),)
    assert Bought.objects.count() == 4


def test_the_most_frequent_comes_first_and_equals_by_sku() -> None:
    bought("MUG", "BOWL", times=2)
    bought("MUG", "CUP", times=2)
    bought("MUG", "SPOON", times=3)
    bought("LAMP", "BULB", times=9)
    assert together("MUG") == [("SPOON", 3), ("BOWL", 2), ("CUP", 2)]
    assert together("MUG", limit=1) == [("SPOON", 3)]


def test_what_is_asked_about_is_not_recommended() -> None:
    """An order with several of the SKUs counts once."""
    bought("MUG", "BOWL", "CUP", times=2)
    assert together("MUG", "BOWL") == [("CUP", 2)]
    assert together("MUG", "BOWL", "CUP") == []


def test_a_single_order_tells_nothing() -> None:
    """It might tell whose it was; nor does one with a single SKU, which is not even kept."""
    bought("MUG", "BOWL")
    bought("LAMP", times=5)
    assert (together("MUG"), together("LAMP"), together("NEVER")) == ([], [], [])
    assert not Bought.objects.filter(sku="LAMP").exists()


def test_only_the_latest_orders_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SKU that everybody buys costs no more than another."""
    monkeypatch.setattr("monolith.recommendations.selectors.ORDERS_READ", 3)
    bought("MUG", "OLD", times=5, at=DAY - timedelta(days=9))
    bought("MUG", "NEW", times=3)
    assert together("MUG") == [("NEW", 3)]


@pytest.mark.parametrize("asked", [{"skus": ()}, {"skus": ("A",) * 51}, {"limit": 0}, {"limit": 51}])
def test_too_much_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(OutOfBounds):
        implementation.bought_together(**{"skus": ("A",)} | asked)


def test_what_is_too_old_is_forgotten_in_parts() -> None:
    bought("MUG", "BOWL", times=3, at=timezone.now() - timedelta(days=181))
    bought("MUG", "CUP", times=2, at=timezone.now() - timedelta(days=179))
    assert [forget(limit=4), forget(limit=4), forget(limit=4)] == [4, 2, 0]
    assert together("MUG") == [("CUP", 2)]


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[])
def test_rest_answers_everybody(client: Client) -> None:
    """What is no SKU is not found; the schema stands beside the SKUs."""
    bought("MUG", "BOWL", times=2)
    answer = client.get("/api/recommendations/MUG?limit=3")
    assert (answer.status_code, answer.json()) == (200, {"sku": "MUG", "data": [{"sku": "BOWL", "orders": 2}]})
    assert client.get("/api/recommendations/NEVER").json() == {"sku": "NEVER", "data": []}
    for wrong in ("0", "51", "x"):
        refused = client.get(f"/api/recommendations/MUG?limit={wrong}")
        assert (refused.status_code, refused.json()["code"]) == (400, "validation_failed")
    assert client.get("/api/recommendations/not%20one").status_code == 404
    assert "/api/recommendations/{sku}" in client.get("/api/recommendations/openapi.json").json()["paths"]
