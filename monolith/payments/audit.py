"""Adds the books up again: what every payment is, from its events alone (P6), and from its captures and refunds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from monolith.payments.contract import PaymentsError, RefundStatus
from monolith.payments.domain import Kind, fold
from monolith.payments.models import Capture, PaymentEvent, PaymentIntent, Refund


class Difference(NamedTuple):
    """A payment whose books disagree: what its row says, what adds up."""

    payment: str
    what: str
    row: str
    adds_up: str

    def __str__(self) -> str:
        return f"{self.payment}: {self.what}: the row says {self.row}, adds up to {self.adds_up}"


def audit() -> list[Difference]:
    """Return every difference; empty when the books are in order. It may run while others write."""
    with transaction.atomic():
        rows = {row.id: row for row in PaymentIntent.objects.all()}
        found = list(_of_events(rows))
        found += _of_sums(rows)
    return found


def _of_events(rows: dict[UUID, PaymentIntent]) -> Iterator[Difference]:
    told = PaymentEvent.objects.filter(intent_id__in=rows).order_by("intent_id", "sequence")
    known = {intent_id: list(events) for intent_id, events in groupby(told, key=lambda event: event.intent_id)}
    for intent_id, row in rows.items():
        events = [event for event in known.get(intent_id, []) if event.sequence <= row.version]
        if [event.sequence for event in events] != list(range(1, row.version + 1)):
            yield _difference(row, "events", row.version, [event.sequence for event in events])
            continue
        try:
            figures = fold((Kind(event.kind), event.amount) for event in events)
        except PaymentsError as refusal:
            yield _difference(row, "events", row.status, refusal)
            continue
        kept, added = asdict(row.figures), asdict(figures)
        for name in kept:
            if kept[name] != added[name]:
                yield _difference(row, name, kept[name], added[name])


def _of_sums(rows: dict[UUID, PaymentIntent]) -> Iterator[Difference]:
    captured = dict(Capture.objects.values_list("intent_id", "amount"))
    sums = {
        status: dict(
            Refund.objects.filter(status=status).order_by().values_list("intent_id").annotate(total=Sum("amount"))
        )
        for status in (RefundStatus.SUCCEEDED.value, RefundStatus.PENDING.value)
    }
    for row in rows.values():
        for what, kept, added in (
            ("captures", row.amount_captured, captured.get(row.id, 0)),
            ("refunds", row.amount_refunded, sums[RefundStatus.SUCCEEDED.value].get(row.id, 0)),
            ("pending refunds", row.amount_refund_pending, sums[RefundStatus.PENDING.value].get(row.id, 0)),
        ):
            if kept != added:
                yield _difference(row, what, kept, added)


def _difference(row: PaymentIntent, what: str, kept: Any, added: Any) -> Difference:
    return Difference(str(row.id), what, str(kept), str(added))
