"""What the inventory tells, as it comes: CloudEvents 1.0 in their structured JSON mode, written by hand."""

from __future__ import annotations

import json
import uuid

OUT, BACK = "shop.stock.out.v1", "shop.stock.back_in_stock.v1"


def stock_event(sku: str, number: int, available: int, *, previous: int | None = None, minute: int = 0) -> str:
    """
    Return the envelope of a SKU's event *number*, which is out of stock when there are no units.

    Args:
        previous: the number of the one that the catalog got before; the one before this unless given.
    """
    data = {"sku": sku, "available": available} if available else {"sku": sku}
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{sku} {number}")),
            "source": "/inventory",
            "type": BACK if available else OUT,
            "subject": sku,
            "time": f"2026-11-23T08:{minute:02}:00Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:strangler:inventory:shop.stock",
            "partitionkey": sku,
            "aggregatetype": "stock",
            "sequence": f"{number:019}",
            "previoussequence": f"{number - 1 if previous is None else previous:019}",
            "data": data,
        }
    )
