"""The contract over this app's own rows."""

from __future__ import annotations

from uuid import UUID

from extracted.shipping import addresses, quoting, selectors
from extracted.shipping.models import Shipment as ShipmentRow
from extracted.shipping.quoting import Goods
from extracted.shipping.services import shipments
from extracted.shipping.services.shipments import NewShipment
from monolith.shipping.contract import Address, Item, Line, Promise, Quote, Shipment
from monolith.shipping.contract import ShipmentStatus as Status

_ACTOR = "contract"


class LocalShipping:
    """Implements `Shipping`."""

    def quote(self, *, to: Address, items: tuple[Item, ...]) -> Quote:
        return quoting.quote(to=to, goods=Goods.of_items(items))

    def promise(self, *, option_id: str, to: Address, items: tuple[Item, ...]) -> Promise:
        addresses.check(to)
        said = quoting.promised(option_id, to=to, goods=Goods.of_items(items))
        return Promise(carrier=said.carrier, service=said.service, price=said.price)

    def create(
        self,
        *,
        order_id: UUID,
        to: Address,
        items: tuple[Item, ...],
        option_id: str = "",
        carrier: str = "",
        service: str = "",
        customer_id: UUID | None = None,
    ) -> Shipment:
        new = NewShipment(
            order_id=order_id, to=to, items=items, option_id=option_id, carrier=carrier, service=service,
            customer_id=customer_id,
        )  # fmt: skip
        done = shipments.order_ship(new=new)
        return self.shipment(shipment_id=done.shipment.id)

    def cancel(self, *, shipment_id: UUID, reason: str = "") -> Shipment:
        shipments.shipment_cancel(shipment_id=shipment_id, actor=_ACTOR, reason=reason)
        return self.shipment(shipment_id=shipment_id)

    def shipment(self, *, shipment_id: UUID) -> Shipment:
        return _shipment(selectors.shipment(shipment_id))

    def shipments(self, *, order_id: UUID) -> tuple[Shipment, ...]:
        return tuple(_shipment(row) for row in selectors.of_order(order_id))


implementation = LocalShipping()


def _shipment(row: ShipmentRow) -> Shipment:
    return Shipment(
        id=row.id,
        order_id=row.order_id,
        status=Status(row.status),
        carrier=row.carrier.code,
        service=row.service,
        tracking_number=selectors.number_of(row),
        cost=row.cost,
        eta=row.eta,
        lines=tuple(Line(sku=line.sku, qty=line.qty) for line in row.lines.all()),
    )
