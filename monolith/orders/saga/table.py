"""What a table of steps is made of; what the steps do is in `checkout` and `returning`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from monolith.orders.contract import OrderStatus, RejectReason
from monolith.orders.models import Order, OrderLine


class Side(Enum):
    """Where a step is: what comes before the pivot is undone when it goes wrong, what comes after it goes on."""

    BEFORE = "before"
    PIVOT = "pivot"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Situation:
    """
    What a step knows when it acts, outside of any transaction.

    Attributes:
        context: what earlier steps have learnt.
        payment_method: the token, as long as nothing was authorised.
        key: names the effect, which the step has once however often it acts.
        acted_at: when the step's action was begun last; for a compensation, the action that it undoes.
        now: the moment for which everything here holds.
    """

    order: Order
    lines: tuple[OrderLine, ...]
    context: Mapping[str, Any]
    payment_method: str
    key: str
    acted_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """
    The step has had its effect, or what it did is undone.

    Attributes:
        learnt: for later steps.
        columns: of the order that change with it.
        facts: for the event that tells of it.
    """

    learnt: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Later:
    """It is not known yet, or somebody else has to act first: look again after a while, or when there is news."""

    after_s: float
    why: str
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """
    It cannot be done, however often it is tried.

    Attributes:
        reason: of the rejection that follows before the pivot; None leaves it to a person.
    """

    why: str
    reason: RejectReason | None = None


Outcome = Done | Later | Refused
Act = Callable[[Situation], Outcome]


@dataclass(frozen=True, slots=True)
class Step:
    """
    One row of a table.

    Attributes:
        action: calls others; None for the pivot, which is one transaction of our own.
        compensation: undoes it, also when it is unknown whether it had its effect; None when there is nothing to undo.
        deadline: how long it may take, from when it comes next.
        reaches: the status that the order has when it is done.
    """

    name: str
    side: Side
    deadline: timedelta
    action: Act | None = None
    compensation: Act | None = None
    reaches: OrderStatus | None = None


Table = tuple[Step, ...]
