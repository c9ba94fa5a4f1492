"""
Writes of shipments.

Locks are taken in one order everywhere: what was ordered, then the shipment, then its labels. No carrier is asked here:
labels are bought, and given back, by `services.labels` outside of any transaction (R12).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from extracted.shipping import addresses
from extracted.shipping.domain import BEFORE_PICKUP, check_left, check_text, quantities
from extracted.shipping.models import (
    Carrier,
    Label,
    OrderedLine,
    Shipment,
    ShipmentLine,
    update_versioned,
)
from extracted.shipping.models import Parcel as ParcelRow
from extracted.shipping.quoting import Goods, promised
from extracted.shipping.selectors import carrier_offering
from extracted.shipping.services.steps import lines_of, locked, refusal, step, tell
from monolith.kernel.money import Money
from monolith.shipping.contract import (
    Address,
    Item,
    LabelAlreadyPurchased,
    Line,
    NotCancellable,
    OrderAlreadyShipped,
    Parcel,
    ShipmentCancelled,
    ShipmentCreated,
)
from monolith.shipping.contract import ShipmentStatus as Status


class Created(NamedTuple):
    """A shipment, and whether this call made it."""

    shipment: Shipment
    made: bool


@dataclass(frozen=True, slots=True)
class NewShipment:
    """
    What is to be sent, and how.

    Attributes:
        option_id: of a quote; otherwise a carrier and its service are given.
        ordered: what the whole order has, when *items* are a part of it.
    """

    order_id: UUID
    to: Address
    items: Sequence[Item]
    option_id: str = ""
    carrier: str = ""
    service: str = ""
    customer_id: UUID | None = None
    origin: Address = addresses.ORIGIN
    ordered: Mapping[str, int] = field(default_factory=dict)


class _Choice(NamedTuple):
    """How something is sent; what is not promised is None."""

    carrier: Carrier
    service: str
    price: Money | None = None
    quote_id: UUID | None = None
    eta: datetime | None = None


@transaction.atomic
def shipment_create(*, new: NewShipment) -> Created:
    """
    Make a shipment, and labels that are to be bought.

    What an order has is known from its first shipment on; later ones send what is left.

    Raises:
        AddressInvalid, OutOfBounds, UnknownService, InvalidOption, QuoteExpired, ExceedsOrdered: nothing was made.
    """
    addresses.check(new.to)
    addresses.check(new.origin, within="from")
    goods = Goods.of_items(new.items)
    choice = _choice(new, goods)
    wanted = quantities(new.items)
    _set_aside(new.order_id, wanted, new.ordered or wanted)
    row = Shipment(
        order_id=new.order_id,
        customer_id=new.customer_id,
        from_address=asdict(new.origin),
        to_address=asdict(new.to),
    )
    return Created(_insert(row, choice, goods.parcels, wanted), made=True)


@transaction.atomic
def order_ship(*, new: NewShipment) -> Created:
    """
    Make the one shipment of an order; a repeat with the same items returns it as it is now.

    Raises:
        OrderAlreadyShipped: the order has a shipment of other items.
        AddressInvalid, OutOfBounds, UnknownService, InvalidOption, QuoteExpired, ExceedsOrdered: nothing was made.
    """
    there = _lock_order(new.order_id)
    first = Shipment.objects.filter(order_id=new.order_id, returns=None).order_by("created_at", "id").first()
    if there and first is not None:
        if {line.sku: line.qty for line in lines_of(first)} != quantities(new.items):
            raise OrderAlreadyShipped("The order has a shipment of other items.", shipment_id=str(first.id))
        return Created(first, made=False)
    return shipment_create(new=new)


@transaction.atomic
def label_demand(*, shipment_id: UUID) -> Shipment:
    """
    Let the labels that a draft lacks be bought as soon as possible, even if the carrier has refused one before.

    Raises:
        LabelAlreadyPurchased, InvalidTransition, UnknownShipment: nothing was changed.
    """
    row = locked(shipment_id)
    if row.status == Status.CANCELLED:
        raise refusal(row, Status.LABEL_CREATED)
    if row.status != Status.DRAFT:
        raise LabelAlreadyPurchased("Every parcel has its label.")
    labels = Label.objects.filter(parcel__shipment=row)
    labels.filter(state=Label.State.REFUSED).update(state=Label.State.DUE, next_at=timezone.now(), last_error="")
    labels.filter(state=Label.State.DUE).update(next_at=timezone.now())  # one that is being asked for stays alone
    update_versioned(row, problem="")
    return row


@transaction.atomic
def shipment_cancel(*, shipment_id: UUID, actor: str, reason: str = "") -> Shipment:
    """
    Stop a shipment that was not picked up; its labels are given back afterwards. A repeat changes nothing.

    Raises:
        NotCancellable, UnknownShipment, OutOfBounds: nothing was changed.
    """
    check_text(reason)
    order_id = Shipment.objects.filter(id=shipment_id).values_list("order_id", flat=True).first()
    if order_id is not None:
        _lock_order(order_id)
    row = locked(shipment_id)
    if row.status == Status.CANCELLED:
        return row
    if row.status not in BEFORE_PICKUP:
        raise NotCancellable(f"The shipment is {row.status}: the carrier has it.", status=row.status)
    lines = lines_of(row)
    if row.returns_id is None:
        for line in lines:
            OrderedLine.objects.filter(order_id=row.order_id, sku=line.sku).update(shipped=F("shipped") - line.qty)
    _unwant(row)
    told = ShipmentCancelled(shipment_id=row.id, order_id=row.order_id, reason=reason, lines=lines)
    step(row, Status.CANCELLED, told, actor=actor, reason=reason)
    return row


@transaction.atomic
def return_create(*, shipment_id: UUID, wanted: Mapping[str, int] | None) -> Shipment:
    """
    Make the shipment by which a customer sends back what was delivered, by the same carrier and service.

    Args:
        wanted: SKU to quantity; None for all that is left.

    Raises:
        InvalidTransition: it was not delivered.
        ExceedsOrdered: more than was sent, or than is left of it.
        UnknownShipment, OutOfBounds: nothing was made.
    """
    sent = locked(shipment_id)
    if sent.status != Status.DELIVERED or sent.returns_id is not None:
        raise refusal(sent, Status.RETURNED)
    left = Counter({line.sku: line.qty for line in lines_of(sent)})
    for line in ShipmentLine.objects.filter(shipment__returns=sent).exclude(shipment__status=Status.CANCELLED):
        left[line.sku] -= line.qty
    wanted = {sku: qty for sku, qty in left.items() if qty > 0} if wanted is None else dict(wanted)
    check_left(wanted or {line.sku: 1 for line in lines_of(sent)}, left)
    back = Shipment(
        order_id=sent.order_id,
        customer_id=sent.customer_id,
        returns=sent,
        from_address=sent.to_address,
        to_address=sent.from_address,
    )
    parcels = [_value(parcel) for parcel in sent.parcels.order_by("number")]
    return _insert(back, _Choice(sent.carrier, sent.service), _share(parcels, wanted, sent), wanted)


def _choice(new: NewShipment, goods: Goods) -> _Choice:
    if not new.option_id:
        return _Choice(carrier_offering(new.carrier, new.service), new.service)
    promise = promised(new.option_id, to=new.to, goods=goods, origin=new.origin)
    carrier = Carrier.objects.get(code=promise.carrier)  # it is honoured, even if it is offered no longer
    return _Choice(carrier, promise.service, promise.price, promise.quote_id, promise.eta)


def _lock_order(order_id: UUID) -> bool:
    """Lock what was ordered, and say whether anything was."""
    return bool(list(OrderedLine.objects.select_for_update().filter(order_id=order_id).order_by("sku")))


def _set_aside(order_id: UUID, wanted: Mapping[str, int], ordered: Mapping[str, int]) -> None:
    """Note what is shipped of an order; of two at once for a new order, the second waits here for the first."""
    if not _lock_order(order_id):
        lines = [OrderedLine(order_id=order_id, sku=sku, ordered=qty) for sku, qty in sorted(ordered.items())]
        OrderedLine.objects.bulk_create(lines, ignore_conflicts=True)
        _lock_order(order_id)
    rows = OrderedLine.objects.filter(order_id=order_id).values_list("sku", "ordered", "shipped")
    check_left(wanted, {sku: of - shipped for sku, of, shipped in rows})
    for sku, qty in wanted.items():
        OrderedLine.objects.filter(order_id=order_id, sku=sku).update(shipped=F("shipped") + qty)


def _insert(row: Shipment, choice: _Choice, parcels: Sequence[Parcel], wanted: Mapping[str, int]) -> Shipment:
    row.carrier, row.service = choice.carrier, choice.service
    row.quote_id, row.eta = choice.quote_id, choice.eta
    if choice.price is not None:
        row.cost_minor, row.currency = choice.price.amount, choice.price.currency
    row.save(force_insert=True)
    ShipmentLine.objects.bulk_create(ShipmentLine(shipment=row, sku=sku, qty=qty) for sku, qty in wanted.items())
    boxes = [ParcelRow(shipment=row, number=number, **asdict(parcel)) for number, parcel in enumerate(parcels, 1)]
    ParcelRow.objects.bulk_create(boxes)
    Label.objects.bulk_create(Label(parcel=box, carrier=choice.carrier) for box in boxes)
    tell(
        row,
        ShipmentCreated(
            shipment_id=row.id,
            order_id=row.order_id,
            carrier=choice.carrier.code,
            service=row.service,
            lines=tuple(Line(sku=sku, qty=qty) for sku, qty in sorted(wanted.items())),
        ),
    )
    return row


def _unwant(row: Shipment) -> None:
    """
    Let what was bought, or may have been, be given back; what was never asked for is not needed.

    Whoever is asking the carrier right now has until `next_at`: only then is a label looked for that may have come.
    """
    # No join: PostgreSQL looks again at the row that it has waited for, but not at a subquery's idea of it.
    labels = Label.objects.filter(parcel_id__in=list(row.parcels.values_list("id", flat=True)))
    labels.filter(state__in=[Label.State.DUE, Label.State.REFUSED]).update(state=Label.State.GIVEN_BACK)
    labels.filter(state=Label.State.BOUGHT).update(state=Label.State.UNWANTED, next_at=timezone.now(), attempts=0)
    labels.filter(state=Label.State.ASKED).update(state=Label.State.UNWANTED, attempts=0)


def _value(parcel: ParcelRow) -> Parcel:
    return Parcel(
        weight_g=parcel.weight_g, length_mm=parcel.length_mm, width_mm=parcel.width_mm, height_mm=parcel.height_mm
    )


def _share(parcels: Sequence[Parcel], wanted: Mapping[str, int], sent: Shipment) -> Sequence[Parcel]:
    """All boxes when everything comes back, otherwise as many as it takes if every box held the same number."""
    units = ShipmentLine.objects.filter(shipment=sent).aggregate(total=Sum("qty"))["total"]
    needed = -(-sum(wanted.values()) * len(parcels) // units)
    return parcels[: max(1, needed)]
