"""Real carriers over real HTTP, in a thread; and what is needed to send something with them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from extracted.shipping.models import Label
from extracted.shipping.sandbox.carriers import Books
from extracted.shipping.sandbox.server import Sandbox
from extracted.shipping.seed import settle
from extracted.shipping.services import shipments
from extracted.shipping.services.shipments import NewShipment
from monolith.shipping.contract import Address, Item

MUG = Item(sku="MUG", qty=2, weight_g=400, length_mm=120, width_mm=100, height_mm=90)
HEAVY = Item(sku="ANVIL", qty=2, weight_g=18_000, length_mm=300, width_mm=200, height_mm=200)  # two boxes
SECRET = "w" * 40


def home(postal_code: str = "73301", **more: Any) -> Address:
    """An address in a zone; its postal code decides what goes wrong."""
    said = {"name": "Ada", "line1": "1 Main St", "city": "Austin", "region": "TX", "country": "US"}
    return Address(**said | {"postal_code": postal_code} | more)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The carriers."""
    server = Sandbox(0, webhook_url="", secret=SECRET)
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    running.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def carriers(sandbox: Sandbox, settings: Any, db: None) -> Books:
    """The carriers' books, empty, and our own carriers, zones and rules."""
    sandbox.books = Books()
    settings.SHIPPING_CARRIERS_URL = sandbox.url
    settings.SHIPPING_WEBHOOK_SECRET = SECRET
    list(settle())
    return sandbox.books


def send(postal_code: str = "73301", *items: Item, **more: Any) -> Any:
    """Make a shipment by a carrier and service, herald's unless said otherwise."""
    said = {
        "order_id": uuid.uuid4(),
        "to": home(postal_code),
        "items": items or (MUG,),
        "carrier": "herald",
        "service": "courier",
    }
    if "option_id" in more:
        said |= {"carrier": "", "service": ""}
    return shipments.shipment_create(new=NewShipment(**said | more)).shipment


def states(row: Any) -> list[str]:
    """The state of each label, by parcel."""
    return [label.state for label in Label.objects.filter(parcel__shipment=row).order_by("parcel__number")]


def numbers(row: Any) -> list[str | None]:
    """The number of each label, by parcel."""
    labels = Label.objects.filter(parcel__shipment=row).order_by("parcel__number")
    return [label.tracking_number for label in labels]
