"""`manage.py announce_stock`: tell of every SKU whether there is some, for whoever began to listen late."""

from __future__ import annotations

from typing import Any

from monolith.inventory.announcing import announce
from monolith.inventory.models import StockItem
from strangler.hosting.batches import BatchCommand


class Command(BatchCommand):
    """Show and tell; the work is in `monolith.inventory.announcing`."""

    help = "Publish for every SKU that it is in stock or out of stock, as it is now; changes no stock."
    doing = "announcing"

    def handle(self, *args: Any, **options: Any) -> None:
        skus = list(StockItem.objects.order_by("sku").values_list("sku", flat=True).distinct())
        told = self.follow(announce(skus), len(skus))
        self.stdout.write(f"{told} SKUs announced.")
