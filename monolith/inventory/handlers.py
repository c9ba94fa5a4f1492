"""What the inventory does about the events of others."""

from __future__ import annotations

from collections import Counter

from monolith.inventory.services import stock
from monolith.shipping.contract import ShipmentReturned
from strangler.events import Handler, Received


class ComingBack(Handler, to=(ShipmentReturned,)):
    """Puts what has come back into stock; the order may not have left yet, as far as the inventory was told."""

    def apply(self, event: Received[ShipmentReturned], gathered: None) -> None:
        quantities: Counter[str] = Counter()
        for line in event.data.lines:
            quantities[line.sku] += line.qty
        stock.stock_return(
            return_id=event.data.return_id or event.data.shipment_id,
            order_id=event.data.order_id,
            quantities=quantities,
            actor="shipping",
        )
