"""Whatever goes wrong at whichever step, no order ends inconsistent, and none is stuck: judged by the reconciler."""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from monolith.orders.contract import OrderNotCancellable
from monolith.orders.models import Order, Saga, SagaStepLog
from monolith.orders.reconciliation import reconcile
from strangler.transport.deadline import Deadline
from tests.integration.inventory.crowd import at_once
from tests.integration.orders.faults import Broken, cases, without
from tests.support.evidence import record_part
from tests.support.fixtures import long_version

DECLINED = "tok_declined_insufficient_funds"
TOKENS = ("tok_visa",) * 9 + ("tok_timeout_after", "tok_capture_timeout_after", "tok_void_timeout_after")
RECORDED_FROM, RECORDED_AT_ONCE = 1_000, 200
"""So many checkouts, or buyers at once, are evidence; fewer are a sample, which the seed repeats."""


def strike(mall, case, token):
    """Place an order that meets the fault, and let it go on as the case says until a carrier is to come."""
    broken = Broken(case)
    order_id = mall.place(DECLINED if case.ending == "declined" else token, MUG=1)
    broken.run(order_id)
    mall.later()
    if case.ending == "late":
        Saga.objects.filter(order_id=order_id).update(deadline_at=timezone.now() - timedelta(seconds=1))
    if case.ending == "cancelled" or case.direction == "compensation":
        with suppress(OrderNotCancellable):
            mall.cancel(order_id)
    broken.run(order_id)
    mall.later()
    if case.ending == "through":
        broken.run(order_id)  # deadlines are real: what is to be repeated is not left for the end
        if not broken.struck:
            mall.scan(order_id)
            mall.later()
            broken.run(order_id)
    return order_id, broken


def told_of(order):
    """What the saga of an order has written down of its steps."""
    rows = SagaStepLog.objects.filter(saga__order=order)
    return rows.values_list("step", "direction", "outcome", "tries", "detail")


@pytest.mark.parametrize(
    "checkouts", [pytest.param(100, marks=pytest.mark.timeout(1500)), long_version(1000, timeout_s=3600)]
)
def test_no_order_is_inconsistent_whatever_goes_wrong(mall, rng, seed, checkouts):
    """A fault at every step of the saga's own table."""
    every = list(cases())
    chosen = rng.sample(every, min(checkouts, len(every))) + rng.choices(every, k=max(0, checkouts - len(every)))
    struck = {}
    for case in chosen:
        order_id, broken = strike(mall, case, rng.choice(TOKENS))
        struck[order_id] = (case, broken.struck)
    mall.settle()
    for order_id in Order.objects.filter(status="confirmed").values_list("id", flat=True):
        mall.scan(order_id)
    mall.settle()
    found = reconcile()
    assert found == [], [(struck[uuid.UUID(one.order_id)], str(one)) for one in found]
    ends = {(case.ending, mall.status(order_id)) for order_id, (case, _) in struck.items()}
    assert {status for _, status in ends} <= {"shipped", "rejected", "cancelled", "confirmed"}, ends
    for saga in Saga.objects.filter(order__status="confirmed"):
        assert (saga.state, bool(saga.error)) == ("failed_needs_operator", True), "a person is asked, and told why"
    through = {order_id: case for order_id, (case, _) in struck.items() if case.ending == "through"}
    ended = Order.objects.filter(id__in=through).exclude(status="shipped")
    assert not [(through[order.id], order.status, order.reject_reason, list(told_of(order))) for order in ended], (
        "nothing but a fault that passes stood in their way"
    )
    hits = sum(hit for _, hit in struck.values())
    assert hits >= checkouts // 2, "too few faults have struck"
    met = len(set(chosen))
    print(f"{mall.vendor}, SEED={seed}: {hits} faults in {checkouts} checkouts, {met} of {len(every)} cases")
    if checkouts >= RECORDED_FROM:
        record_part(
            "checkouts-with-faults",
            mall.vendor,
            seed=seed,
            checkouts=checkouts,
            cases={"all": len(every), "met": met},
            faults_that_struck=dict(sorted(Counter(case.fault for case, hit in struck.values() if hit).items())),
            ends=dict(sorted(Counter(Order.objects.values_list("status", flat=True)).items())),
            inconsistent=len(found),
        )


@pytest.mark.parametrize("step", ["reserve_stock", "authorize_payment", "create_shipment"])
def test_reconciler_finds_what_nobody_undoes(mall, step):
    """The guard's guard: a saga that forgets one compensation is caught."""
    mall.engine = without(step)
    order_id = mall.checked_out()
    mall.cancel(order_id)
    mall.settle()
    assert mall.status(order_id) == "cancelled"
    assert "O4" in {one.rule for one in reconcile()}


@pytest.mark.parametrize("step", ["reserve_stock", "authorize_payment", "create_shipment"])
def test_engine_that_was_stopped_asks_nobody_when_it_wakes(mall, step):
    """Its turn is over: what was given up meanwhile is not begun again behind everybody's back."""
    order_id = mall.place()
    turn = mall.engine.claim(order_id)
    while turn.step.name != step:
        turn = mall.engine.record(turn, mall.engine.act(turn))
    mall.later()
    mall.cancel(order_id)
    mall.settle()
    assert mall.status(order_id) == "cancelled"
    late = dataclasses.replace(turn, deadline=Deadline(-1.0))
    assert mall.engine.record(late, mall.engine.act(late)) is None
    assert reconcile() == []


@pytest.mark.parametrize(("buyers", "units"), [(20, 5), long_version(200, 50, timeout_s=1800)])
def test_no_more_are_confirmed_than_there_are(mall, seed, buyers, units):
    """Every buyer wants the last one."""
    if mall.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    mall.stock("CUP", units)
    mall.option({"CUP": 1})

    def buy(_):
        order_id = mall.place(CUP=1)
        mall.run(order_id)
        return str(order_id)

    at_once(buy, buyers)
    mall.settle()
    ended = sorted(Order.objects.values_list("status", "reject_reason"))
    assert ended == [("confirmed", "")] * units + [("rejected", "out_of_stock")] * (buyers - units)
    found = reconcile()
    assert found == []
    if buyers >= RECORDED_AT_ONCE:
        ends = dict(Counter(status for status, _ in ended))
        figures = {"buyers": buyers, "units": units, "ends": ends, "inconsistent": len(found)}
        record_part("checkouts-with-faults", f"{buyers} buyers at once for {units} units", seed=seed, **figures)
