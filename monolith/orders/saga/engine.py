"""
Takes the steps of sagas: claim one, act outside of any transaction, record what came of it, and go on.

Whoever works on a saga has it until `locked_until`; the version says whether that is still so when the outcome is
recorded. A process that dies in between leaves `begun` behind: the next one acts again, which every step allows.
Any number of engines may run, in threads, processes and hosts; only the owner's do anything.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from monolith.orders import lifecycle, metrics
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.contract import RejectReason, SagaState
from monolith.orders.models import Cart, CartLine, Order, OrderLine, Saga, SagaStepLog
from monolith.orders.saga.checkout import CHECKOUT
from monolith.orders.saga.returning import RETURN
from monolith.orders.saga.table import Done, Later, Outcome, Refused, Side, Situation, Step, Table
from strangler.bindings.transactions import refuse_command
from strangler.fence import owning
from strangler.transport.deadline import Deadline, within

CAPABILITY = "orders"
ACTOR = "saga"
ACTIVE = (SagaState.RUNNING.value, SagaState.COMPENSATING.value)
TABLES: Mapping[str, Table] = {"checkout": CHECKOUT, "return": RETURN}
TURN_S = 12.0
"""How long a step may ask others; what was asked then is known, or can no longer arrive, after `IN_FLIGHT_S`."""
LEASE = timedelta(seconds=20)
"""How long a saga is one engine's: longer than a step may take. Who dies, or loses the rows, delays it by as much."""
UNDOING = timedelta(hours=1)
"""How long it may take to undo one step, before a person is asked."""
_RETRY_S, _RETRY_MAX_S, _DOUBLINGS = 0.5, 60.0, 7
_TEXT_MAX = 500
_Direction, _Outcome = SagaStepLog.Direction, SagaStepLog.Outcome
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One step that is this engine's to take.

    Attributes:
        deadline: from when it was claimed: a process that was stopped meanwhile asks nobody any more.
    """

    saga_id: UUID
    order_id: UUID
    version: int
    wakes: int
    step: Step
    direction: SagaStepLog.Direction
    log_id: UUID
    situation: Situation
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class _Failed:
    """Nobody knows what came of it."""

    why: str


class Engine:
    """
    Follows tables of steps.

    Args:
        tables: kind of saga to its steps.
    """

    def __init__(self, tables: Mapping[str, Table] = TABLES) -> None:
        self._tables = tables

    def run(self, until: float, order_id: UUID | None = None) -> int:
        """
        Take every step that is due, of all sagas or one, and return how many it were.

        Args:
            until: by `time.monotonic`; no step is begun afterwards.

        Raises:
            Moved: another home owns the rows.
        """
        taken = 0
        while time.monotonic() < until and (turn := self.claim(order_id)) is not None:
            while turn is not None:
                taken += 1
                turn = self.record(turn, self.act(turn), go_on=time.monotonic() < until)
        return taken

    def claim(self, order_id: UUID | None = None) -> Turn | None:
        """Take the saga that has waited longest, or the one of an order; None when nothing is due."""
        with owning(CAPABILITY):
            while True:
                saga = _due(order_id).select_for_update(skip_locked=True, of=("self",)).first()
                if saga is None:
                    return None
                if (turn := self._begin(saga, lifecycle.locked(saga.order_id))) is not None:
                    return turn

    def act(self, turn: Turn) -> Outcome | _Failed:
        """Take the step. Whatever goes wrong, it may have had its effect."""
        refuse_command(f"{CAPABILITY}.{turn.step.name}")
        act = turn.step.action if turn.direction is _Direction.ACTION else turn.step.compensation
        assert act is not None
        try:
            with within(turn.deadline.left()):
                return act(turn.situation)
        except Exception as error:
            _log.warning("%s of %s for order %s: %r", turn.direction, turn.step.name, turn.order_id, error)
            return _Failed(f"{type(error).__name__}: {error}")

    def record(self, turn: Turn, outcome: Outcome | _Failed, *, go_on: bool = True) -> Turn | None:
        """
        Write down what came of a step, and begin the next one if that is due.

        Returns:
            The next step; None when there is nothing to do now, or when somebody else has the saga by now.
        """
        with owning(CAPABILITY):
            saga = Saga.objects.select_for_update().filter(id=turn.saga_id, version=turn.version).first()
            if saga is None:
                return None
            order = lifecycle.locked(saga.order_id)
            _note(turn, outcome)
            saga.locked_until = None
            if turn.direction is _Direction.ACTION:
                self._acted(saga, order, turn, outcome)
            else:
                self._undone(saga, order, turn, outcome)
            if saga.wakes != turn.wakes:
                saga.next_run_at = timezone.now()
            if go_on and saga.state in ACTIVE and saga.next_run_at <= timezone.now():
                return self._begin(saga, order)
            _save(saga)
            return None

    def first_step(self, kind: str) -> Step:
        """Return where a saga of a kind begins."""
        return self._tables[kind][0]

    def _begin(self, saga: Saga, order: Order) -> Turn | None:
        """Choose what is to be done for a locked saga, and let everybody know that it may be done from now on."""
        while saga.state in ACTIVE:
            self._look_around(saga, order)
            if saga.state not in ACTIVE:
                break
            step = self._step(saga)
            if saga.state == SagaState.COMPENSATING:
                if step.compensation is not None and saga.begun:
                    return self._turn(saga, order, step, _Direction.COMPENSATION)
                self._step_back(saga, order)
            elif step.action is not None:
                return self._turn(saga, order, step, _Direction.ACTION)
            else:
                _confirm(saga, order)
                self._step_on(saga, order)
        _save(saga)
        return None

    def _look_around(self, saga: Saga, order: Order) -> None:
        """What others want, and what the clock says, comes first."""
        late = timezone.now() >= saga.deadline_at
        if saga.state == SagaState.RUNNING and order.status == Status.CANCELLING:
            self._turn_back(saga)
        elif saga.state == SagaState.RUNNING and late:
            if self._step(saga).side is Side.AFTER:
                _ask_operator(saga, f"{saga.step} was not done in time. {saga.error}")
            else:
                self._turn_back(saga, RejectReason.TIMEOUT)
        elif saga.state == SagaState.COMPENSATING and late:
            _ask_operator(saga, f"{saga.step} was not undone in time. {saga.error}")

    def _turn(self, saga: Saga, order: Order, step: Step, direction: SagaStepLog.Direction) -> Turn:
        now, deadline = timezone.now(), Deadline(TURN_S)
        saga.begun, saga.tries, saga.locked_until = True, saga.tries + 1, now + LEASE
        saga.next_run_at = saga.locked_until
        key = f"{order.id}:{step.name}:{saga.attempt}"
        log, _ = SagaStepLog.objects.get_or_create(
            key=key, direction=direction, defaults={"saga": saga, "step": step.name, "tries": 0}
        )
        SagaStepLog.objects.filter(id=log.id).update(
            outcome=_Outcome.BEGUN, tries=F("tries") + 1, begun_at=now, ended_at=None
        )
        acted = SagaStepLog.objects.filter(saga=saga, step=step.name, direction=_Direction.ACTION)
        situation = Situation(
            order=order,
            lines=tuple(OrderLine.objects.filter(order=order).order_by("sku")),
            context=dict(saga.context),
            payment_method=saga.payment_method,
            key=key,
            acted_at=acted.order_by("-begun_at").values_list("begun_at", flat=True).first() or now,
            now=now,
        )
        _save(saga)
        return Turn(saga.id, order.id, saga.version, saga.wakes, step, direction, log.id, situation, deadline)

    def _acted(self, saga: Saga, order: Order, turn: Turn, outcome: Outcome | _Failed) -> None:
        match outcome:
            case Done():
                saga.context = {**saga.context, **outcome.learnt}
                if order.status == Status.CANCELLING:  # it was done, and is to be undone
                    lifecycle.change(order, **outcome.columns)
                    self._turn_back(saga)
                else:
                    _reach(order, turn.step, outcome)
                    self._step_on(saga, order)
            case Later():
                lifecycle.change(order, **outcome.columns)
                _wait(saga, outcome.after_s, outcome.why)
            case Refused() if turn.step.side is Side.BEFORE and outcome.reason is not None:
                saga.error = outcome.why[:_TEXT_MAX]
                self._turn_back(saga, outcome.reason)
            case Refused():
                _ask_operator(saga, outcome.why)
            case _Failed():
                _retry(saga, outcome.why)

    def _undone(self, saga: Saga, order: Order, turn: Turn, outcome: Outcome | _Failed) -> None:
        match outcome:
            case Done():
                lifecycle.change(order, **outcome.columns)
                self._step_back(saga, order)
            case Later():
                lifecycle.change(order, **outcome.columns)
                _wait(saga, outcome.after_s, outcome.why)
            case Refused() if turn.step.side is Side.AFTER and order.status == Status.CANCELLING:
                self._go_on_after_all(saga, order, outcome.why)
            case Refused():
                _ask_operator(saga, outcome.why)
            case _Failed():
                _retry(saga, outcome.why)

    def _step_on(self, saga: Saga, order: Order) -> None:
        table = self._tables[saga.kind]
        following = table.index(self._step(saga)) + 1
        if following < len(table):
            _enter(saga, table[following], timezone.now() + table[following].deadline)
            return
        saga.state, saga.begun, saga.error = SagaState.COMPLETED.value, False, ""
        if saga.context.get("refund_due_minor"):
            pay_back(saga, self.first_step("return"))

    def _turn_back(self, saga: Saga, rejection: RejectReason | None = None) -> None:
        """Begin to undo everything that was done, or may have been, the step at which it is included."""
        saga.state, saga.rejection = SagaState.COMPENSATING.value, rejection.value if rejection else ""
        saga.context = {**saga.context, "turned_at": saga.step}
        saga.tries, saga.next_run_at, saga.deadline_at = 0, timezone.now(), timezone.now() + UNDOING

    def _step_back(self, saga: Saga, order: Order) -> None:
        table = self._tables[saga.kind]
        before = table.index(self._step(saga)) - 1
        if before >= 0:
            _enter(saga, table[before], timezone.now() + UNDOING)
            saga.begun = True
            return
        saga.state, saga.begun, saga.payment_method = SagaState.COMPENSATED.value, False, ""
        if order.status == Status.CANCELLING:
            lifecycle.step(
                order, Status.CANCELLED, actor=ACTOR, reason=order.cancel_reason, cancelled_at=timezone.now()
            )
        else:
            lifecycle.step(order, Status.REJECTED, actor=ACTOR, reason=saga.error, reject_reason=saga.rejection)

    def _go_on_after_all(self, saga: Saga, order: Order, why: str) -> None:
        """A carrier was faster than whoever cancelled."""
        lifecycle.step(order, Status.CONFIRMED, actor=ACTOR, reason=why[:_TEXT_MAX], tells=False, cancel_reason="")
        step = next(one for one in self._tables[saga.kind] if one.name == saga.context["turned_at"])
        saga.state = SagaState.RUNNING.value
        _enter(saga, step, timezone.now() + step.deadline)

    def _step(self, saga: Saga) -> Step:
        return next(step for step in self._tables[saga.kind] if step.name == saga.step)


def deadline_of(saga: Saga) -> timedelta:
    """Return how long the step that a saga is at may take."""
    return next(step.deadline for step in TABLES[saga.kind] if step.name == saga.step)


def wake(order_id: UUID) -> None:
    """Let the saga of an order look again now: there is news. Inside a transaction of the owner."""
    active = Saga.objects.filter(order_id=order_id, state__in=ACTIVE)
    active.update(next_run_at=timezone.now(), wakes=F("wakes") + 1)


def pay_back(saga: Saga, first: Step) -> None:
    """Let a locked saga whose checkout is completed pay back what has come back; the caller saves it."""
    saga.context = {**saga.context, "refund_minor": saga.context["refund_due_minor"], "refund_due_minor": 0}
    saga.kind, saga.state, saga.attempt = "return", SagaState.RUNNING.value, saga.attempt + 1
    _enter(saga, first, timezone.now() + first.deadline)


def _due(order_id: UUID | None) -> QuerySet[Saga]:
    now = timezone.now()
    unlocked = Q(locked_until__isnull=True) | Q(locked_until__lte=now)
    due = Saga.objects.filter(unlocked, state__in=ACTIVE, next_run_at__lte=now).order_by("next_run_at", "id")
    return due if order_id is None else due.filter(order_id=order_id)


def _reach(order: Order, step: Step, outcome: Done) -> None:
    if step.reaches is None:
        lifecycle.change(order, **outcome.columns)
        return
    lifecycle.step(order, step.reaches, actor=ACTOR, facts=outcome.facts, **outcome.columns)
    if step.reaches is Status.SHIPPED and order.delivered_at is not None:  # told before we had looked
        lifecycle.step(order, Status.DELIVERED, actor=ACTOR)


def _confirm(saga: Saga, order: Order) -> None:
    """The pivot: the order is confirmed, the cart is empty (O8), and the token is not needed any more."""
    lifecycle.step(order, Status.CONFIRMED, actor=ACTOR)
    saga.payment_method = ""
    if order.cart_id is not None:
        CartLine.objects.filter(cart_id=order.cart_id).delete()
        Cart.objects.filter(id=order.cart_id).update(order_id=order.id, version=F("version") + 1)


def _enter(saga: Saga, step: Step, deadline_at: datetime) -> None:
    saga.step, saga.begun, saga.tries, saga.error = step.name, False, 0, ""
    saga.next_run_at, saga.deadline_at = timezone.now(), deadline_at


def _wait(saga: Saga, after_s: float, why: str) -> None:
    saga.tries, saga.error = 0, why[:_TEXT_MAX]
    saga.next_run_at = min(timezone.now() + timedelta(seconds=after_s), saga.deadline_at)


def _retry(saga: Saga, why: str) -> None:
    """Less and less often, and not together with others that failed at the same time."""
    pause_s = min(_RETRY_MAX_S, _RETRY_S * 2.0 ** min(saga.tries, _DOUBLINGS)) * random.uniform(0.75, 1.25)  # noqa: S311
    saga.error = why[:_TEXT_MAX]
    saga.next_run_at = min(timezone.now() + timedelta(seconds=pause_s), saga.deadline_at)


def _ask_operator(saga: Saga, why: str) -> None:
    saga.context = {**saga.context, "failed_while": saga.state}
    saga.state, saga.error = SagaState.FAILED_NEEDS_OPERATOR.value, why.strip()[:_TEXT_MAX]
    _log.error("the saga of order %s needs an operator: %s", saga.order_id, saga.error)


def _note(turn: Turn, outcome: Outcome | _Failed) -> None:
    words = {Done: _Outcome.DONE, Later: _Outcome.LATER, Refused: _Outcome.REFUSED, _Failed: _Outcome.FAILED}
    word, why = words[type(outcome)], "" if isinstance(outcome, Done) else outcome.why
    metrics.saga_steps.labels(turn.step.name, turn.direction.value, word.value).inc()
    SagaStepLog.objects.filter(id=turn.log_id).update(outcome=word, detail=why[:_TEXT_MAX], ended_at=timezone.now())


def _save(saga: Saga) -> None:
    saga.version += 1
    saga.save()
