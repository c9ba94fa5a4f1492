"""What other apps ask of shipping, in every binding: here, through the wire's form, and of its service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monolith.kernel.money import Money
from monolith.shipping.contract import (
    Address,
    AddressInvalid,
    CarrierUnavailable,
    InvalidOption,
    Item,
    Line,
    OrderAlreadyShipped,
    OutOfBounds,
    Promise,
    Shipment,
    ShipmentStatus,
    Shipping,
    UnknownService,
    UnknownShipment,
    shipping,
)
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.contracts.client import Client
from tests.support.platform import Platform
from tests.support.processes import eventually
from tests.support.state import writer_of

pytestmark = pytest.mark.platform
HOME = Address(name="Ada", line1="1 Main St", city="Austin", region="TX", postal_code="73301", country="US")
MUG = Item(sku="MUG", qty=2, weight_g=400, length_mm=120, width_mm=100, height_mm=90)
BOWL = Item(sku="BOWL", qty=1, weight_g=300, length_mm=150, width_mm=150, height_mm=60)
BY = {"carrier": "post", "service": "standard"}


@pytest.fixture(scope="module")
def furnished(platform: Platform) -> None:
    """Carriers and prices, made by whoever owns them; nobody listens where the other carriers would be asked."""
    home = "shipping" if writer_of(platform.of("shipping")) == "service" else "monolith"
    done = platform.manage("seed_shipping", settings=home)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def client(platform: Platform, furnished: None, binding: str, django_db_blocker: Any) -> Iterator[Shipping]:
    with django_db_blocker.unblock(), bound(shipping, platform, binding) as client:
        yield client


def create(client: Shipping, **more: Any) -> Shipment:
    return client.create(**{"order_id": uuid.uuid4(), "to": HOME, "items": (MUG,), **BY} | more)


def test_quote_offers_what_can_be_had_and_names_who_failed(client: Shipping) -> None:
    quote = client.quote(to=HOME, items=(MUG,))
    assert [(o.carrier, o.service, o.price) for o in quote.options] == [
        ("post", "standard", Money(715, "USD")), ("post", "priority", Money(1405, "USD")),
    ]  # fmt: skip
    assert {(message.carrier, message.code) for message in quote.messages} == {
        ("swift", "unreachable"), ("herald", "unreachable"),
    }  # fmt: skip
    assert quote.expires_at > datetime.now(UTC)
    row = create(client, option_id=quote.options[1].option_id, carrier="", service="")
    assert (row.carrier, row.service, row.cost) == ("post", "priority", Money(1405, "USD"))
    assert row.eta is not None


def test_promise_is_what_the_option_says(client: Shipping) -> None:
    """For this place and these goods, in whatever order they are named; whose name is on the parcel does not matter."""
    option = client.quote(to=HOME, items=(MUG, BOWL)).options[1]
    said = Promise(carrier="post", service="priority", price=option.price)
    assert client.promise(option_id=option.option_id, to=HOME, items=(BOWL, MUG)) == said
    assert client.promise(option_id=option.option_id, to=replace(HOME, name="Bob"), items=(MUG, BOWL)) == said
    for wrong, refused in (
        ({"option_id": "x"}, InvalidOption),
        ({"option_id": f"{option.option_id}x"}, InvalidOption),
        ({"items": (MUG,)}, InvalidOption),
        ({"to": replace(HOME, postal_code="73344")}, InvalidOption),
        ({"to": replace(HOME, name="")}, AddressInvalid),
        ({"items": ()}, OutOfBounds),
    ):
        with pytest.raises(refused):
            client.promise(**{"option_id": option.option_id, "to": HOME, "items": (MUG, BOWL)} | wrong)


def test_shipment_is_made_once_per_order(client: Shipping) -> None:
    order, customer = uuid.uuid4(), uuid.uuid4()
    wanted = {"order_id": order, "to": HOME, "items": (MUG, BOWL), "customer_id": customer, **BY}
    made = client.create(**wanted)
    assert (made.order_id, made.status, type(made.status)) == (order, "draft", ShipmentStatus)
    assert made.lines == (Line(sku="BOWL", qty=1), Line(sku="MUG", qty=2))
    assert client.create(**wanted) == made
    assert [row.id for row in client.shipments(order_id=order)] == [made.id]
    with pytest.raises(CommandKeyReused):
        client.create(**wanted | {"items": (MUG,)})
    assert client.shipments(order_id=uuid.uuid4()) == ()


def test_order_is_told_apart_even_when_staff_has_shipped_it(client: Shipping, platform: Platform) -> None:
    """Nothing is remembered of what REST has made; the order's own lines say that it was shipped."""
    staff = Client(platform.public["monolith"], platform.token, "/api/shipping")
    parts = {name: getattr(MUG, name) for name in MUG.__slots__}
    to = {name: getattr(HOME, name) for name in HOME.__slots__}
    orders = [uuid.uuid4(), uuid.uuid4()]
    for order in orders:
        body = {"order_id": str(order), "to": to, "lines": [parts], **BY}
        assert staff.create("/shipments", body).status == 201
    again = create(client, order_id=orders[0])
    assert [row.id for row in client.shipments(order_id=orders[0])] == [again.id]
    with pytest.raises(OrderAlreadyShipped) as refusal:
        create(client, order_id=orders[1], items=(BOWL,))
    assert uuid.UUID(str(refusal.value.context["shipment_id"]))


def test_label_is_bought_by_the_owner_and_cancelling_ends_it(client: Shipping) -> None:
    row, other = create(client), create(client)
    assert client.cancel(shipment_id=other.id, reason="changed mind").status is ShipmentStatus.CANCELLED
    assert client.cancel(shipment_id=other.id, reason="changed mind").status is ShipmentStatus.CANCELLED

    def labelled() -> Shipment | None:
        now = client.shipment(shipment_id=row.id)
        return now if now.status == "label_created" else None

    now = eventually(labelled, what="the label is bought", every_s=0.1)
    assert now.tracking_number is not None
    assert now.cost == Money(715, "USD")


def test_refusals_cross_the_border(client: Shipping) -> None:
    with pytest.raises(AddressInvalid) as refusal:
        client.quote(to=Address(name="", line1="x", city="x", country="US", region="TX", postal_code="1"), items=(MUG,))
    invalid: Any = refusal.value.context["invalid"]
    assert {one["field"] for one in invalid} == {"to.name", "to.postal_code"}
    brazil = Address(name="x", line1="x", city="x", country="BR")
    with pytest.raises(CarrierUnavailable) as unavailable:
        client.quote(to=brazil, items=(MUG,))
    assert len(unavailable.value.context["messages"]) == 2  # type: ignore[arg-type]
    with pytest.raises(OutOfBounds):
        client.quote(to=HOME, items=())
    for wrong, refused in (
        ({"option_id": "x"}, InvalidOption),
        ({"service": "teleport"}, UnknownService),
        ({"items": (MUG, MUG)}, OutOfBounds),
        ({"to": Address(name="", line1="", city="", country="BR")}, AddressInvalid),
    ):
        with pytest.raises(refused):
            create(client, **wrong)
    for act in (client.shipment, client.cancel):
        with pytest.raises(UnknownShipment):
            act(shipment_id=uuid.uuid4())
