"""What changes the read model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from monolith.recommendations.models import Bought

KEPT = timedelta(days=180)
"""What was bought longer ago recommends nothing."""


def order_note(*, order_id: UUID, skus: Iterable[str], at: datetime) -> None:
    """Remember what an order had; an order with one SKU has nothing together, and is not kept."""
    found = sorted(set(skus))
    if len(found) > 1:
        Bought.objects.bulk_create([Bought(order_id=order_id, sku=sku, at=at) for sku in found])


def forget(*, limit: int) -> int:
    """Delete at most *limit* rows that are too old, and return how many that were."""
    old = Bought.objects.filter(at__lt=timezone.now() - KEPT).order_by("at").values("id")[:limit]
    return int(Bought.objects.filter(id__in=[row["id"] for row in old]).delete()[0])
