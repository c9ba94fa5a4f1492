"""Webhooks: kept first, answered at once, and worked on by a task; twice and in any order (P5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.payments import journal, providers
from monolith.payments.contract import PaymentDisputed, PaymentStatus
from monolith.payments.domain import DisputeStatus, Kind
from monolith.payments.models import Dispute, PaymentAttempt, PaymentIntent, WebhookEvent
from monolith.payments.providers import Disputed, Notice, Outcome
from monolith.payments.services.attempts import attempt_tell
from strangler.events import publish

_ENDED = frozenset({DisputeStatus.WON, DisputeStatus.LOST})


@transaction.atomic
def webhook_keep(*, provider: str, body: bytes, signature: str | None, payload: Any) -> bool:
    """
    Keep a delivery, and have it worked on once that has committed.

    Args:
        body: as it was received.
        payload: the same, read.

    Returns:
        Whether the event was not there already.

    Raises:
        UnknownProvider, WebhookInvalid: nothing was kept.
    """
    notice = providers.provider(provider).parse_webhook(body, signature)
    new = WebhookEvent(provider=provider, event_id=notice.event_id, type=notice.type, payload=payload)
    WebhookEvent.objects.bulk_create([new], ignore_conflicts=True)
    first = WebhookEvent.objects.get(provider=provider, event_id=notice.event_id).id == new.id
    if first:
        transaction.on_commit(lambda: _ask_for_work(new.id), robust=True)
    return first


@transaction.atomic
def webhook_take(webhook_id: UUID) -> None:
    """Let a kept delivery have its effect, once."""
    row = WebhookEvent.objects.select_for_update().filter(id=webhook_id, processed_at__isnull=True).first()
    if row is None:
        return
    note = _effect(row)
    if note is None:
        return  # what it builds on is not known yet: it is taken again
    row.note, row.processed_at = note[:200], timezone.now()
    row.save(update_fields=["note", "processed_at"])


def webhooks_waiting(*, limit: int) -> list[UUID]:
    """Return kept deliveries that had no effect yet, the oldest first."""
    waiting = WebhookEvent.objects.filter(processed_at__isnull=True).order_by("received_at", "id")
    return list(waiting.values_list("id", flat=True)[:limit])


def _ask_for_work(webhook_id: UUID) -> None:
    from monolith.payments.tasks import take_webhook  # the tasks import this module

    take_webhook.apply_async((str(webhook_id),))


def _effect(row: WebhookEvent) -> str | None:
    """Return why it had no effect, empty when it had; None when it comes too early."""
    notice = providers.provider(row.provider).read_webhook(row.payload)
    if notice.outcome is not None:
        return _tell(row, notice, notice.outcome)
    if notice.disputed is not None:
        return _dispute(row, notice.disputed)
    return "a type that means nothing here"


def _tell(row: WebhookEvent, notice: Notice, outcome: Outcome) -> str:
    attempt = PaymentAttempt.objects.filter(key=notice.key, provider=row.provider).first()
    if attempt is None:
        return "nothing was asked under this key"
    return attempt_tell(attempt=attempt, outcome=outcome, webhook_id=row.id)


def _dispute(row: WebhookEvent, disputed: Disputed) -> str | None:
    named = PaymentIntent.objects.filter(provider=row.provider, provider_ref=disputed.authorization).first()
    if named is None:
        return "no payment has this authorisation"
    intent = journal.locked(named.id)
    status = DisputeStatus(disputed.status)
    known = Dispute.objects.filter(provider=row.provider, provider_ref=disputed.dispute).first()
    if known is None:
        return _open(row, intent, disputed, status)
    if DisputeStatus(known.status) in _ENDED:
        return f"the dispute is {known.status}"
    known.status = status.value
    known.save(update_fields=["status"])
    if status in _ENDED:
        _post(row, intent, Kind.DISPUTE_CLOSED, disputed, reason=status.value)
    return ""


def _open(row: WebhookEvent, intent: PaymentIntent, disputed: Disputed, status: DisputeStatus) -> str | None:
    if intent.status != PaymentStatus.SUCCEEDED:
        return f"the payment is {intent.status}" if intent.status == PaymentStatus.CANCELED else None
    dispute = Dispute.objects.create(
        intent=intent,
        provider=row.provider,
        provider_ref=disputed.dispute,
        amount=disputed.amount,
        reason=disputed.reason,
        status=status.value,
    )
    _post(row, intent, Kind.DISPUTE_OPENED, disputed, reason=disputed.reason)
    publish(
        PaymentDisputed(
            payment_id=intent.id,
            order_id=intent.order_id,
            attempt=intent.attempt,
            dispute_id=dispute.id,
            amount=Money(disputed.amount, intent.currency),
            reason=disputed.reason,
        )
    )
    return ""


def _post(row: WebhookEvent, intent: PaymentIntent, kind: Kind, disputed: Disputed, *, reason: str) -> None:
    journal.post(intent, kind, actor=row.provider, amount=disputed.amount, reason=reason, webhook_id=row.id)
