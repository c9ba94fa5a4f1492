"""What the read model tells."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count

from monolith.recommendations.contract import Companion, OutOfBounds
from monolith.recommendations.models import Bought

SKUS_MAX, LIMIT_MAX, LIMIT_DEFAULT = 50, 50, 4
ORDERS_READ, ORDERS_MIN = 1_000, 2
"""Of the latest orders that many are read; what a single one had together might tell whose it was."""


def bought_together(skus: Collection[str], *, limit: int = LIMIT_DEFAULT) -> list[Companion]:
    """
    Return what recent orders with any of *skus* had besides, the most frequent first, equals by SKU.

    Raises:
        OutOfBounds: so many SKUs or answers are not given at once.
    """
    for name, number, most in (("skus", len(skus), SKUS_MAX), ("limit", limit, LIMIT_MAX)):
        if not 1 <= number <= most:
            raise OutOfBounds(f"{name}: 1 to {most}, not {number}")
    orders = Bought.objects.filter(sku__in=skus).order_by("-at", "-id").values("order_id")[:ORDERS_READ]
    besides = Bought.objects.filter(order_id__in=orders).exclude(sku__in=skus)
    counted = besides.values("sku").annotate(orders=Count("order_id")).filter(orders__gte=ORDERS_MIN)
    return [Companion(**row) for row in counted.order_by("-orders", "sku")[:limit]]
