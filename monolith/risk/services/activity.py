"""What accounts do, as far as rules count it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.risk.domain import MONTH
from monolith.risk.models import ConfirmedOrder


@transaction.atomic
def order_count(*, order_id: UUID, account: str, amount: Money, at: datetime) -> None:
    """Count a confirmed order, once."""
    row = ConfirmedOrder(order_id=order_id, account=account, amount=amount.amount, currency=amount.currency, at=at)
    ConfirmedOrder.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def orders_forget(*, limit: int) -> int:
    """Delete at most *limit* orders that no rule counts any more, and return how many there were."""
    over = ConfirmedOrder.objects.filter(at__lt=timezone.now() - 2 * MONTH).order_by("at")
    return int(ConfirmedOrder.objects.filter(id__in=list(over.values_list("id", flat=True)[:limit])).delete()[0])
