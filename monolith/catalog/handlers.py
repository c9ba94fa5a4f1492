"""What the catalog does about the events of others."""

from __future__ import annotations

from monolith.catalog import services
from monolith.inventory.contract import StockBack, StockOut
from strangler.events import Handler, Received


class StockWatch(Handler, to=(StockOut, StockBack)):
    """Keeps the read model of availability: the events of one SKU come in order, so the last one counts."""

    def apply(self, event: Received[StockOut | StockBack], gathered: None) -> None:
        available = event.data.available if isinstance(event.data, StockBack) else 0
        services.availability_note(sku=event.data.sku, available=available, as_of=event.happened_at)
