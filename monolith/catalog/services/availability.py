"""Writes of the read model of availability: what the inventory tells, kept beside what is sold."""

from __future__ import annotations

from datetime import datetime

from monolith.catalog.models import Availability
from monolith.catalog.services.rows import writing


@writing
def availability_note(*, sku: str, available: int, as_of: datetime) -> None:
    """Note how many units there are of a SKU, be it the catalog's already or not; the caller keeps the order."""
    row = Availability(sku=sku, in_stock=available > 0, available=available, as_of=as_of)
    Availability.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["sku"], update_fields=["in_stock", "available", "as_of"]
    )
