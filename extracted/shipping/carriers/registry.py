"""Which adapter speaks to which carrier, with what is known in this host."""

from __future__ import annotations

from django.conf import settings

from extracted.shipping.carriers.adapter import HERALD, SWIFT, TABLE, Adapter
from extracted.shipping.carriers.http import HttpCarrier
from extracted.shipping.carriers.table import TablePost
from extracted.shipping.selectors import tariff

CODES = (TABLE, SWIFT, HERALD)


def adapter_of(code: str) -> Adapter:
    """Return the adapter of a carrier; what it needs of the database is read now."""
    if code == TABLE:
        return TablePost(tariff())
    return HttpCarrier(f"{settings.SHIPPING_CARRIERS_URL}/{code}")
