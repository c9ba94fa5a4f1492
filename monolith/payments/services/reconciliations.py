"""Comparing our books with a provider's (P8)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.payments import metrics, providers
from monolith.payments.contract import OutOfBounds
from monolith.payments.domain import State
from monolith.payments.models import PaymentAttempt, Reconciliation
from monolith.payments.providers import Entry, NotSent, OutcomeUnknown
from strangler.bindings.transactions import refuse_command
from strangler.fence import owning

_CAPABILITY = "payments"
# An operation that is this young may be under way.
_GRACE = timedelta(minutes=1)
# The provider's clock decides to which day an operation belongs, and it may be some time before ours is asked again.
_AROUND = timedelta(hours=1)
_log = logging.getLogger(__name__)


@transaction.atomic
def reconciliation_create(*, provider: str, day: date) -> Reconciliation:
    """
    Record that a day is to be compared; it is done when that has committed.

    Raises:
        UnknownProvider, OutOfBounds: there is no such provider, or the day has not begun.
    """
    providers.provider(provider)
    if day > timezone.now().astimezone(UTC).date():
        raise OutOfBounds("That day has not begun.")
    row = Reconciliation.objects.create(provider=provider, day=day)
    transaction.on_commit(lambda: reconciliation_run(row.id), robust=True)
    return row


def reconciliation_run(reconciliation_id: UUID) -> None:
    """Ask the provider for its books and compare; once."""
    row = Reconciliation.objects.get(id=reconciliation_id)
    if row.finished_at is not None:
        return
    refuse_command(f"the books of {row.provider}")
    try:
        books = providers.provider(row.provider).books(row.day)
    except (NotSent, OutcomeUnknown) as failure:
        _finish(row, 0, [], str(failure))
        return
    found = list(compare(row.provider, row.day, books))
    if found:
        _log.error("%d differences with the books of %s on %s", len(found), row.provider, row.day)
    metrics.differences.labels(row.provider).set(len(found))
    _finish(row, len(books), found, "")


def compare(provider: str, day: date, books: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Yield where a provider's books of a day and ours disagree; what is under way is passed by."""
    theirs = {entry.key: entry for entry in books}
    ours = _attempts(provider, day, theirs)
    young = timezone.now() - _GRACE
    for key, entry in theirs.items():
        attempt = ours.get(key)
        if attempt is None:
            yield _difference("unknown_here", key, entry.state, "")
        elif attempt.state != entry.state:
            under_way = attempt.created_at > young or not State(entry.state).final
            if State(attempt.state).final or not under_way:
                yield _difference("state", key, entry.state, attempt.state)
        elif attempt.amount != entry.amount or attempt.intent.currency != entry.currency:
            yield _difference("amount", key, entry.amount, attempt.amount)
    for key in sorted(ours.keys() - theirs.keys()):
        attempt = ours[key]
        certain = _began(day) + _AROUND <= attempt.created_at < _began(day + timedelta(days=1)) - _AROUND
        if attempt.state == State.SUCCEEDED and certain:
            yield _difference("unknown_there", key, "", attempt.state)


def _attempts(provider: str, day: date, theirs: Mapping[str, Entry]) -> dict[str, PaymentAttempt]:
    rows = PaymentAttempt.objects.select_related("intent").filter(provider=provider)
    span = (_began(day), _began(day + timedelta(days=1)))
    found = {row.key: row for row in rows.filter(created_at__range=span)}
    missing = [key for key in theirs if key not in found]
    return found | {row.key: row for row in rows.filter(key__in=missing)}


def _finish(row: Reconciliation, compared: int, found: list[dict[str, Any]], error: str) -> None:
    with owning(_CAPABILITY):
        row.compared, row.differences, row.error, row.finished_at = compared, found, error[:500], timezone.now()
        row.save(update_fields=["compared", "differences", "error", "finished_at"])


def _difference(what: str, key: str, theirs: Any, ours: Any) -> dict[str, Any]:
    return {"what": what, "key": key, "theirs": str(theirs), "ours": str(ours)}


def _began(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
