"""
Labels are bought and given back here, one carrier call at a time and none of them inside a transaction (R12).

A short transaction claims a label, the carrier is asked, and another one notes the answer. When the answer does not
come, it is not known whether the label was bought: the carrier is asked for the label with that key, and only if it has
none is it bought, with the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone

from extracted.shipping.carriers import Adapter, CarrierFailed, CarrierRefused, LabelOrder, Receipt
from extracted.shipping.carriers.registry import adapter_of
from extracted.shipping.models import Label, Shipment, update_versioned
from extracted.shipping.services.steps import locked, step
from extracted.shipping.services.tracking import follow
from monolith.kernel.money import Money
from monolith.shipping.contract import Address, Parcel, ShipmentLabelPurchased
from monolith.shipping.contract import ShipmentStatus as Status
from strangler.fence import owning

CLAIMED_S = 30
"""Longer than any call takes: whoever claimed a label and was killed is followed by another after this long."""
_BATCH = 20
_PAUSE_S, _PAUSE_MAX_S = 2.0, 600.0
_ACTOR = "carrier"
_State = Label.State
_OPEN = (_State.DUE, _State.ASKED, _State.UNWANTED)
_log = structlog.stdlib.get_logger(__name__)


def labels_handle(*, speak_to: Callable[[str], Adapter] = adapter_of) -> int:
    """
    Buy every label that is due, settle those whose outcome is unknown, give back what is unwanted.

    Called outside of transactions. Returns how many carriers' answers were noted.

    Args:
        speak_to: returns the adapter of a carrier's code.

    Raises:
        Moved: another home owns the rows, or does so by now; what was done before is kept.
    """
    done = 0
    began = timezone.now()
    while claimed := _claim(began):
        for label, state in claimed:
            done += _handle(label, state, speak_to(label.carrier.code))
    return done


def _claim(due_before: datetime) -> list[tuple[Label, str]]:
    """Take labels that nobody else has, each with the state that it had; a bought one is in doubt from now on."""
    now = timezone.now()
    with owning("shipping"):
        due = Label.objects.select_for_update(of=("self",), skip_locked=True).filter(
            state__in=_OPEN, next_at__lte=due_before
        )
        rows = list(due.select_related("parcel__shipment", "carrier").order_by("next_at", "id")[:_BATCH])
        claimed = [(row, str(row.state)) for row in rows]
        for row in rows:
            row.state = _State.ASKED if row.state == _State.DUE else row.state
            row.attempts += 1
            row.next_at = now + timedelta(seconds=CLAIMED_S)
            row.save(update_fields=["state", "attempts", "next_at"])
    return claimed


def _handle(label: Label, state: str, adapter: Adapter) -> bool:
    act: Callable[[], Any] = (
        _giving_back(label, adapter) if state == _State.UNWANTED else _buying(label, adapter, state)
    )
    try:
        outcome = act()
    except CarrierFailed as failure:
        _log.info("carrier failed", label=str(label.id), carrier=label.carrier.code, trouble=failure.trouble)
        _later(label, str(failure))
        return False
    except CarrierRefused as refusal:
        _refused(label, state, str(refusal))
        return True
    except Exception as bug:  # it must not hold up the labels behind it; the row keeps it
        _log.exception("label not handled", label=str(label.id))
        _later(label, f"{type(bug).__name__}: {bug}")
        return False
    if state == _State.UNWANTED:
        _given_back(label)
    else:
        _bought(label, outcome)
    return True


def _buying(label: Label, adapter: Adapter, state: str) -> Callable[[], Receipt]:
    key, order = str(label.id), _order(label)

    def act() -> Receipt:
        known = adapter.find(key, order) if state == _State.ASKED else None
        return known or adapter.buy(key, order)

    return act


def _giving_back(label: Label, adapter: Adapter) -> Callable[[], None]:
    return lambda: adapter.give_back(str(label.id))


def _order(label: Label) -> LabelOrder:
    parcel, shipment = label.parcel, label.parcel.shipment
    return LabelOrder(
        shipment.service,
        Address(**shipment.from_address),
        Address(**shipment.to_address),
        Parcel(
            weight_g=parcel.weight_g, length_mm=parcel.length_mm, width_mm=parcel.width_mm, height_mm=parcel.height_mm
        ),
    )


def _bought(label: Label, receipt: Receipt) -> None:
    with owning("shipping"):
        row = locked(label.parcel.shipment_id)
        cost = receipt.cost
        noted = Label.objects.filter(id=label.id, state=_State.ASKED).update(
            state=_State.BOUGHT,
            tracking_number=receipt.tracking_number,
            url=receipt.url,
            cost_minor=None if cost is None else cost.amount,
            currency="" if cost is None else cost.currency,
            last_error="",
        )
        if not noted:  # cancelled while the carrier was asked: it is given back once `next_at` has come
            Label.objects.filter(id=label.id, tracking_number=None).update(tracking_number=receipt.tracking_number)
            return
        labels = list(Label.objects.filter(parcel__shipment=row).order_by("parcel__number"))
        if row.status == Status.DRAFT and all(one.state == _State.BOUGHT for one in labels):
            _all_bought(row, labels)


def _all_bought(row: Shipment, labels: list[Label]) -> None:
    changes: dict[str, Any] = {"problem": ""}
    if row.cost_minor is None and (total := _sum(labels)) is not None:
        changes |= {"cost_minor": total.amount, "currency": total.currency}
    update_versioned(row, **changes)
    told = ShipmentLabelPurchased(
        shipment_id=row.id,
        order_id=row.order_id,
        carrier=row.carrier.code,
        tracking_numbers=tuple(str(one.tracking_number) for one in labels),
    )
    step(row, Status.LABEL_CREATED, told, actor=_ACTOR)
    follow(row)  # a carrier may have told of one parcel before the others had their labels


def _sum(labels: list[Label]) -> Money | None:
    costs = [Money(one.cost_minor, one.currency) for one in labels if one.cost_minor is not None]
    if len(costs) < len(labels) or len({cost.currency for cost in costs}) != 1:
        return None
    return Money(sum(cost.amount for cost in costs), costs[0].currency)


def _given_back(label: Label) -> None:
    with owning("shipping"):
        Label.objects.filter(id=label.id, state=_State.UNWANTED).update(state=_State.GIVEN_BACK, last_error="")


def _refused(label: Label, state: str, text: str) -> None:
    """A label that is refused stops its shipment until somebody looks; one that is not taken back stays paid."""
    with owning("shipping"):
        row = locked(label.parcel.shipment_id)
        nothing_bought = state != _State.UNWANTED
        end = _State.GIVEN_BACK if nothing_bought else _State.KEPT
        if Label.objects.filter(id=label.id, state=_State.UNWANTED).update(state=end, last_error=text):
            return
        if Label.objects.filter(id=label.id, state=_State.ASKED).update(state=_State.REFUSED, last_error=text):
            update_versioned(row, problem=text)


def _later(label: Label, text: str) -> None:
    """Ask again, later each time."""
    pause_s = min(_PAUSE_MAX_S, _PAUSE_S * 2.0 ** min(label.attempts, 20))
    with owning("shipping"):
        Label.objects.filter(id=label.id, state__in=_OPEN).update(
            next_at=timezone.now() + timedelta(seconds=pause_s), last_error=text[:500]
        )
