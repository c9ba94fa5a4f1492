"""What rules say of figures."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monolith.kernel.money import Money
from monolith.risk.contract import Facts, InvalidRules, OutOfBounds
from monolith.risk.domain import BUILT_IN, FIGURES, Past, check_facts, figures_of, fingerprint, judge, rules_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NOTHING = Past(orders_1h=0, orders_24h=0, orders_30d=0, amount_24h=0, decisions_1h=0)


def facts(**more):
    return Facts(**{"account": "ann", "amount": Money(1000, "USD"), **more})


def judged(past=NOTHING, **more):
    return judge(BUILT_IN, figures_of(facts(**more), past, NOW))


def codes(verdict):
    return [reason.code for reason in verdict.reasons]


def rule(**more):
    return {"id": "r", "text": "t", "expr": "items > 0", "score": 1, **more}


def test_rules_that_come_along_can_be_read():
    content = [rule.to_json() for rule in BUILT_IN.rules]
    assert rules_of(0, content, BUILT_IN.review_from, BUILT_IN.decline_from) == BUILT_IN


def test_figures_are_those_that_rules_may_look_at():
    figures = figures_of(facts(account_created_at=NOW), NOTHING, NOW)
    assert {name: type(value) for name, value in figures.items()} == FIGURES


def test_usual_order_is_approved_without_reasons():
    verdict = judged(shipping_country="US", billing_country="US", account_created_at=NOW - timedelta(days=9))
    assert (verdict.outcome, verdict.score, verdict.reasons) == ("approve", 0, ())


@pytest.mark.parametrize(
    ("more", "outcome", "score", "expected"),
    [
        ({"amount": Money(500000, "USD")}, "review", 50, ["large_amount"]),
        ({"amount": Money(499999, "USD")}, "approve", 0, []),
        ({"amount": Money(500000, "JPY")}, "approve", 0, []),
        ({"shipping_country": "KP"}, "decline", 100, ["embargoed_country"]),
        (
            {
                "amount": Money(500000, "EUR"),
                "account_created_at": NOW,
                "shipping_country": "DE",
                "billing_country": "US",
            },
            "decline",
            100,
            ["large_amount", "new_account_spends_much", "countries_differ"],
        ),
        ({"past": Past(**{**dict.fromkeys(NOTHING.__slots__, 0), "orders_1h": 20})}, "review", 50, ["many_orders"]),
    ],
)
def test_scores_add_up(more, outcome, score, expected):
    verdict = judged(**more)
    assert (verdict.outcome, verdict.score, codes(verdict)) == (outcome, score, expected)


def test_reason_has_the_figures_that_were_looked_at():
    (reason,) = judged(amount=Money(500000, "USD")).reasons
    assert dict(reason.figures) == {"amount": "500000", "currency": "USD"}


def test_nobodys_past_is_not_known():
    figures = figures_of(facts(account=""), None, NOW)
    assert {figures[name] for name in ("orders_1h", "orders_24h", "orders_30d", "amount_24h", "decisions_1h")} == {None}
    assert judge(BUILT_IN, figures).outcome == "approve"


def test_action_counts_whatever_the_score_is():
    figures = figures_of(facts(), NOTHING, NOW)
    content = [rule(id="a", action="review"), rule(id="b", score=0, action="decline"), rule(id="c", score=7)]
    verdict = judge(rules_of(1, content, 50, 90), figures)
    assert (verdict.outcome, verdict.score, codes(verdict)) == ("decline", 8, ["b", "a", "c"])
    assert judge(rules_of(1, content[:1], 50, 90), figures).outcome == "review"


def test_every_fault_is_told_at_once():
    content = [rule(expr="nonsense > 1"), rule(), rule(id="idle", score=0)]
    with pytest.raises(InvalidRules) as refusal:
        rules_of(1, content, 60, 50)
    assert [fault["rule"] for fault in refusal.value.context["faults"]] == ["r", "r", "idle", ""]


@pytest.mark.parametrize(
    "more",
    [
        {"account": "x" * 65},
        {"amount": Money(-1, "USD")},
        {"items": 0},
        {"items": 1_000_001},
        {"shipping_country": "usa"},
        {"billing_country": "u1"},
    ],
)
def test_facts_have_bounds(more):
    check_facts(facts())
    with pytest.raises(OutOfBounds):
        check_facts(facts(**more))


def test_same_moment_in_two_zones_is_the_same_fact():
    there = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    assert fingerprint(facts(account_created_at=NOW)) == fingerprint(facts(account_created_at=there))
    assert fingerprint(facts(items=2)) != fingerprint(facts(items=3))
