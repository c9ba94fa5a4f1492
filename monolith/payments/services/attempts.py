"""
Operations at providers: recorded, asked once that has committed, and recorded again.

Before a provider is asked, its attempt says that the outcome is unknown, and that has committed: a process that dies in
between leaves the truth behind. From then on the same provider is asked with the same key until it tells (P4). Another
provider is asked only when it is certain that the first one has got nothing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from monolith.payments import journal, metrics, providers
from monolith.payments.contract import UnknownProvider
from monolith.payments.domain import Operation, State
from monolith.payments.models import PaymentAttempt, PaymentIntent, Refund
from monolith.payments.providers import Instruction, NotSent, Outcome, OutcomeUnknown
from monolith.payments.providers.http import CONNECT_S
from monolith.payments.services import outcomes
from strangler.bindings.transactions import refuse_command
from strangler.fence import owning

_CAPABILITY = "payments"
_WRITE_S = 2.0
_POLL = timedelta(seconds=2)
_RETRY_S, _RETRY_MAX_S = 1.0, 60.0
_RETRY_DOUBLINGS = 6
_log = logging.getLogger(__name__)


class _Asked(NamedTuple):
    """What is to be asked now, as it was when that was decided."""

    attempt_id: UUID
    intent_id: UUID
    operation: Operation
    provider: str
    before: bool
    instruction: Instruction


def attempt_begin(
    *, intent: PaymentIntent, operation: Operation, amount: int, actor: str, refund: Refund | None = None
) -> PaymentAttempt:
    """
    Record an operation of a locked intent, to be asked when the transaction has committed.

    A process that dies in between does not matter: the attempt is due, and whoever looks after those asks.
    """
    number = 1 + PaymentAttempt.objects.filter(intent=intent, operation=operation).count()
    attempt = PaymentAttempt.objects.create(
        intent=intent,
        refund=refund,
        operation=operation,
        number=number,
        key=f"{intent.id}:{operation}:{number}",
        provider=_first_choice() if operation is Operation.AUTHORIZE else intent.provider,
        amount=amount,
        actor=actor,
        due_at=timezone.now(),
    )
    transaction.on_commit(lambda: attempt_ask(attempt.id), robust=True)
    return attempt


def attempt_ask(attempt_id: UUID) -> None:
    """
    Ask the provider now, unless it is known what came of it or somebody else asks; then the next one, if that may be.

    Raises:
        Moved: another home owns the rows; it asks.
    """
    while (asked := _claim(attempt_id)) is not None:
        if not _record(asked, _outcome_of(asked)):
            return


def attempts_due(*, limit: int) -> list[UUID]:
    """Return attempts that are to be asked, and that nobody asks right now, the one that waits longest first."""
    now = timezone.now()
    due = PaymentAttempt.objects.filter(due_at__lte=now).filter(_unleased(now))
    return list(due.order_by("due_at", "id").values_list("id", flat=True)[:limit])


def attempt_tell(*, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID) -> str:
    """
    Take what a webhook says of an attempt, inside its transaction.

    Returns:
        Why it had no effect, empty when it had.
    """
    intent = journal.locked(attempt.intent_id)
    attempt = PaymentAttempt.objects.select_for_update().get(id=attempt.id)
    if outcome.state.rank <= State(attempt.state).rank:
        return f"{outcome.state} comes after {attempt.state}"
    return _apply(intent, attempt, outcome, webhook_id)


def _claim(attempt_id: UUID) -> _Asked | None:
    """Take an attempt for a while, and have it say that its outcome is unknown."""
    with owning(_CAPABILITY):
        now = timezone.now()
        until = now + _lease()
        free = PaymentAttempt.objects.filter(_unleased(now), id=attempt_id, due_at__isnull=False)
        attempt = free.select_for_update(of=("self",)).select_related("intent__payment_method").first()
        if attempt is None:
            return None
        asked = _asked(attempt)
        taken = free.filter(tries=attempt.tries).update(
            unknown=True, tries=F("tries") + 1, leased_until=until, due_at=until
        )
        return asked if taken else None


def _asked(attempt: PaymentAttempt) -> _Asked:
    intent, operation = attempt.intent, Operation(attempt.operation)
    token = intent.payment_method.token if intent.payment_method and operation is Operation.AUTHORIZE else ""
    instruction = Instruction(
        key=attempt.key,
        reference=str(intent.id),
        amount=attempt.amount,
        currency=intent.currency,
        token=token,
        authorization=intent.provider_ref,
        at_once=intent.capture_method == "automatic",
    )
    return _Asked(attempt.id, intent.id, operation, attempt.provider, attempt.unknown, instruction)


def _outcome_of(asked: _Asked) -> Outcome | NotSent | OutcomeUnknown:
    """Ask the provider, outside of any transaction."""
    refuse_command(f"{_CAPABILITY}.{asked.operation} at {asked.provider}")
    breaker = providers.breaker(asked.provider)
    if not breaker.admits():
        return NotSent(f"{asked.provider} rests after failures")
    try:
        adapter = providers.provider(asked.provider)
        outcome = adapter.fetch(asked.instruction.key) if asked.before else None
        if outcome is None:
            outcome = getattr(adapter, asked.operation)(asked.instruction)
    except UnknownProvider as error:
        return NotSent(str(error))
    except (NotSent, OutcomeUnknown) as failure:
        breaker.failed()
        _count(asked, type(failure).__name__)
        _log.warning("%s of payment %s: %s", asked.operation, asked.intent_id, failure)
        return failure
    breaker.succeeded()
    _count(asked, outcome.state.value)
    return outcome


def _record(asked: _Asked, outcome: Outcome | NotSent | OutcomeUnknown) -> bool:
    """Write down what came of it; return whether to ask again at once, elsewhere."""
    with owning(_CAPABILITY):
        intent = journal.locked(asked.intent_id)
        attempt = PaymentAttempt.objects.select_for_update().get(id=asked.attempt_id)
        if State(attempt.state).final:
            return False  # a webhook was faster
        if isinstance(outcome, NotSent):
            return _not_sent(intent, attempt, asked)
        if isinstance(outcome, OutcomeUnknown):
            _later(attempt, unknown=True)
            return False
        _apply(intent, attempt, outcome, None)
        return False


def _not_sent(intent: PaymentIntent, attempt: PaymentAttempt, asked: _Asked) -> bool:
    """Failover: to a provider that was not asked yet, and only if the ones that were have certainly got nothing."""
    if asked.before or asked.operation is not Operation.AUTHORIZE:
        _later(attempt, unknown=asked.before)
        return False
    attempt.passed_by = [*attempt.passed_by, attempt.provider]
    following = next((name for name in providers.names() if name not in attempt.passed_by), None)
    if following is None:
        outcomes.nobody_reached(intent, attempt)
        return False
    attempt.provider, attempt.unknown = following, False
    attempt.leased_until, attempt.due_at = None, timezone.now()
    attempt.save(update_fields=["provider", "passed_by", "unknown", "leased_until", "due_at"])
    return True


def _apply(intent: PaymentIntent, attempt: PaymentAttempt, outcome: Outcome, webhook_id: UUID | None) -> str:
    if outcome.state.rank > State(attempt.state).rank:
        following = outcomes.settle(intent, attempt, outcome, webhook_id)
        if following:
            attempt_begin(intent=intent, operation=following, amount=intent.amount_capturable, actor=attempt.actor)
    if not State(attempt.state).final:
        attempt.provider_ref = outcome.authorization
        _later(attempt, unknown=True, soon=True)
    return ""


def _later(attempt: PaymentAttempt, *, unknown: bool, soon: bool = False) -> None:
    """Have it asked again: at the pace of a provider that works on it, or less and less often."""
    doubled = _RETRY_S * 2.0 ** min(attempt.tries, _RETRY_DOUBLINGS)
    attempt.unknown, attempt.leased_until = unknown, None
    attempt.due_at = timezone.now() + (_POLL if soon else timedelta(seconds=min(doubled, _RETRY_MAX_S)))
    attempt.save(update_fields=["provider_ref", "unknown", "leased_until", "due_at"])


def _first_choice() -> str:
    """The preferred provider, passing by those that rest."""
    names = providers.names()
    return next((name for name in names if not providers.breaker(name).open), names[0])


def _lease() -> timedelta:
    """How long whoever asks may take: for what became of it, for the operation itself, and to write it down."""
    return timedelta(seconds=2 * (CONNECT_S + providers.answer_s()) + _WRITE_S)


def _unleased(now: object) -> Q:
    return Q(leased_until__isnull=True) | Q(leased_until__lte=now)


def _count(asked: _Asked, outcome: str) -> None:
    metrics.provider_calls.labels(asked.provider, asked.operation.value, outcome).inc()
