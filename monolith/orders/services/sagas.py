"""What people do with sagas that wait for them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.orders import lifecycle
from monolith.orders.contract import OrderNotCancellable, RejectReason, SagaNotStuck, SagaState, UnknownSaga
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.domain import BEFORE_PIVOT, check_text
from monolith.orders.models import Order, Saga
from monolith.orders.saga.engine import UNDOING, deadline_of


@transaction.atomic
def saga_retry(*, saga_id: UUID, actor: str) -> Saga:
    """
    Let a saga that waits for a person go on where it stopped; whoever lets it go on has looked at it.

    Raises:
        UnknownSaga, SagaNotStuck: nothing was changed.
    """
    saga = _stuck(saga_id)
    was = SagaState(saga.context["failed_while"])
    saga.context = {**saga.context, "reviewed": True, "retried_by": actor}
    saga.deadline_at = timezone.now() + (UNDOING if was is SagaState.COMPENSATING else deadline_of(saga))
    return _resume(saga, was)


@transaction.atomic
def saga_compensate(*, saga_id: UUID, actor: str, reason: str = "") -> Saga:
    """
    Undo a saga that waits for a person: its order is rejected, or cancelled if it was confirmed already.

    Raises:
        UnknownSaga, SagaNotStuck, OutOfBounds: nothing was changed.
        OrderNotCancellable: it has left.
    """
    check_text(reason)
    saga = _stuck(saga_id)
    order = lifecycle.locked(saga.order_id)
    if saga.kind != "checkout" or (saga.context["failed_while"] == SagaState.RUNNING and not _undoable(order)):
        raise OrderNotCancellable(f"The order is {order.status}: let it go on.", status=order.status)
    if order.status in BEFORE_PIVOT:
        saga.rejection = saga.rejection or RejectReason.RISK_DECLINED.value
    elif order.status == Status.CONFIRMED:
        lifecycle.step(order, Status.CANCELLING, actor=actor, reason=reason, cancel_reason=reason)
    return turn_back(saga)


def turn_back(saga: Saga) -> Saga:
    """Let a locked saga that waits for a person undo what was done."""
    if saga.context["failed_while"] == SagaState.RUNNING:
        saga.context = {**saga.context, "turned_at": saga.step}
    saga.deadline_at = timezone.now() + UNDOING
    return _resume(saga, SagaState.COMPENSATING)


def _undoable(order: Order) -> bool:
    return order.status in BEFORE_PIVOT or order.status in (Status.CONFIRMED, Status.CANCELLING)


def _resume(saga: Saga, state: SagaState) -> Saga:
    saga.state, saga.tries, saga.error = state.value, 0, ""
    saga.next_run_at, saga.locked_until = timezone.now(), None
    saga.version += 1
    saga.save()
    return saga


def _stuck(saga_id: UUID) -> Saga:
    saga = Saga.objects.select_for_update().filter(id=saga_id).first()
    if saga is None:
        raise UnknownSaga(f"There is no saga {saga_id}.")
    if saga.state != SagaState.FAILED_NEEDS_OPERATOR:
        raise SagaNotStuck(f"The saga is {saga.state}: it waits for nobody.", state=saga.state)
    return saga
