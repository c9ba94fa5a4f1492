"""Decisions and versions of the rules: what the services promise."""

import json
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from monolith.kernel.append_only import AppendOnlyError
from monolith.kernel.money import Money
from monolith.orders.contract import OrderConfirmed
from monolith.risk import selectors, tasks
from monolith.risk.contract import Facts, InvalidRules, Kind, NotADraft, SubjectDiffers, UnknownRuleset, VersionConflict
from monolith.risk.handlers import Speed
from monolith.risk.local import implementation as local
from monolith.risk.models import ConfirmedOrder, Decision, Ruleset
from monolith.risk.services import activity, decisions, rulesets
from strangler.events import Received
from strangler.hosting.auth import Principal
from strangler.hosting.celery import app

pytestmark = pytest.mark.django_db
STRICT = {"rules": [{"id": "all", "text": "Everything", "expr": "items > 0", "score": 90, "action": "none"}]}


def facts(**more):
    return Facts(**{"account": "ann", "amount": Money(1000, "USD"), **more})


def decide(subject=None, **more):
    return decisions.decision_make(kind=Kind.ORDER, subject_id=subject or uuid.uuid4(), facts=facts(**more))


def told():
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, payload FROM risk_outbox ORDER BY created_at")
        return [(kind, json.loads(payload)) for kind, payload in cursor.fetchall()]


def buy(account="ann", *, ago=timedelta(), amount=100, currency="USD", order=None):
    activity.order_count(
        order_id=order or uuid.uuid4(), account=account, amount=Money(amount, currency), at=timezone.now() - ago
    )


def test_subject_is_decided_once():
    """A repeat finds the first decision whatever the rules are by then, and is told of once."""
    subject = uuid.uuid4()
    first = decide(subject)
    rulesets.ruleset_activate(version=rulesets.ruleset_create(actor="7", content=STRICT).version, actor="7")
    assert decide(subject) == first
    assert (decide().outcome, first.outcome, Decision.objects.count()) == ("decline", "approve", 2)
    assert [data["outcome"] for _, data in told()] == ["approve", "decline"]


def test_other_facts_about_a_subject_are_refused():
    subject = uuid.uuid4()
    first = decide(subject)
    with pytest.raises(SubjectDiffers) as refusal:
        decide(subject, items=2)
    assert refusal.value.context == {"decision_id": str(first.id)}
    assert len(told()) == 1


def test_decision_says_why():
    subject = uuid.uuid4()
    answer = local.decide(kind=Kind.ORDER, subject_id=subject, facts=facts(amount=Money(600000, "USD")))
    assert (answer.outcome, answer.score, answer.rules_version) == ("review", 50, 0)
    (reason,) = answer.reasons
    assert (reason.code, dict(reason.figures)) == ("large_amount", {"amount": "600000", "currency": "USD"})
    assert local.decision(kind=Kind.ORDER, subject_id=subject) == answer
    (_, data), *_ = told()
    assert (data["decision_id"], data["reasons"][0]["code"]) == (str(answer.id), "large_amount")


def test_decision_is_never_rewritten():
    row = decide()
    row.outcome = "decline"
    for act in (row.save, row.delete, Decision.objects.all().delete, lambda: Decision.objects.update(score=1)):
        with pytest.raises(AppendOnlyError):
            act()


def test_orders_are_counted_by_age_and_account_once_each():
    order = uuid.uuid4()
    for ago, amount in ((timedelta(minutes=5), 100), (timedelta(hours=2), 20), (timedelta(days=2), 3)):
        buy(ago=ago, amount=amount)
    buy(order=order, currency="EUR")
    buy(order=order, currency="EUR")
    buy("bob")
    buy(ago=timedelta(days=31))
    decide()
    past = selectors.past("ann", "USD", timezone.now())
    assert (past.orders_1h, past.orders_24h, past.orders_30d, past.amount_24h, past.decisions_1h) == (2, 3, 4, 120, 1)
    assert selectors.past("", "USD", timezone.now()) is None


def test_many_orders_of_one_account_are_looked_at():
    for _ in range(20):
        buy()
    assert decide().outcome == "review"
    assert decide(account="bob").outcome == "approve"


def test_orders_that_nobody_counts_are_forgotten():
    buy(ago=timedelta(days=61))
    buy(ago=timedelta(days=29))
    before, app.conf.task_always_eager = app.conf.task_always_eager, True
    tasks.purge()
    app.conf.task_always_eager = before
    assert ConfirmedOrder.objects.count() == 1


def test_draft_begins_as_what_decides_and_may_be_changed():
    draft = rulesets.ruleset_create(actor="7", content={"note": "try"})
    assert (draft.version, draft.status, draft.note) == (1, "draft", "try")
    assert draft.content().rules == selectors.active_rules().rules
    seen = selectors.ruleset(1)
    changed = rulesets.ruleset_update(ruleset=draft, actor="8", changes={"review_from": 60})
    assert (changed.review_from, changed.changed_by, changed.created_by) == (60, "8", "7")
    with pytest.raises(VersionConflict):
        rulesets.ruleset_update(ruleset=seen, actor="8", changes={"review_from": 61})
    assert decide().rules_version == 0


def test_ruleset_that_cannot_be_understood_is_not_kept():
    bad = {"rules": [{"id": "x", "text": "t", "expr": "amount >", "score": 1}]}
    with pytest.raises(InvalidRules):
        rulesets.ruleset_create(actor="7", content=bad)
    draft = rulesets.ruleset_create(actor="7", content={})
    with pytest.raises(InvalidRules):
        rulesets.ruleset_update(ruleset=draft, actor="7", changes=bad)
    assert selectors.ruleset(1).rules == draft.rules


def test_one_ruleset_decides_and_the_one_before_can_come_back():
    first, second = (rulesets.ruleset_create(actor="7", content=content) for content in (STRICT, {}))
    rulesets.ruleset_activate(version=1, actor="7", reason="go")
    rulesets.ruleset_activate(version=2, actor="8", reason="softer")
    assert decide().rules_version == 2
    with pytest.raises(NotADraft):
        rulesets.ruleset_update(ruleset=selectors.ruleset(1), actor="7", changes={"note": "x"})
    for _ in range(2):
        rulesets.ruleset_activate(version=1, actor="9", reason="back")
    assert {row.version: row.status for row in Ruleset.objects.all()} == {1: "active", 2: "retired"}
    steps = [(row.actor, row.from_status, row.to_status, row.reason) for row in first.status_history.all()]
    assert steps == [
        ("7", "draft", "active", "go"),
        ("8", "active", "retired", "version 2 was activated"),
        ("9", "retired", "active", "back"),
    ]
    assert second.status_history.count() == 2
    with pytest.raises(UnknownRuleset):
        rulesets.ruleset_activate(version=3, actor="7")


def test_database_itself_refuses_a_second_active_one():
    for _ in range(2):
        rulesets.ruleset_create(actor="7", content={})
    with pytest.raises(IntegrityError), transaction.atomic():
        Ruleset.objects.update(status="active")


def test_dry_run_judges_figures_as_they_were_and_writes_nothing():
    kept = decide()
    decide(shipping_country="KP")
    draft = rulesets.ruleset_create(actor="7", content={**STRICT, "review_from": 10, "decline_from": 95})
    before = told()
    run = selectors.dry_run(draft.content(), limit=10)
    assert (run.decisions, dict(run.before), dict(run.after)) == (
        2,
        {"approve": 1, "decline": 1},
        {"review": 2},
    )
    assert [(one.decision.id, one.verdict.outcome) for one in run.changes][-1] == (kept.id, "review")
    assert (Decision.objects.count(), told()) == (2, before)
    assert selectors.dry_run(draft.content(), limit=1).decisions == 1


@pytest.mark.parametrize("scope", ["risk:own", "orders:own", "risk:read"])
def test_what_is_staffs_is_closed_to_others(settings, scope):
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "tests.unit.risk.urls"
    client = APIClient()
    client.force_authenticate(user=Principal("ann", frozenset({scope})))
    allowed = 200 if scope == "risk:read" else 403
    assert client.get("/api/risk/decisions").status_code == allowed
    key = {"Idempotency-Key": "k"}
    assert client.post("/api/risk/rulesets", {}, format="json", headers=key).status_code == 403


def test_confirmed_order_is_counted_when_its_event_comes():
    """Twice as well: it is one order."""
    who = {"order_id": uuid.uuid4(), "customer_id": uuid.uuid4(), "number": "A-1"}
    order = OrderConfirmed(**who, lines=(), total=Money(5, "USD"))
    for _ in range(2):
        Speed().apply(Received("e", "t", "a", 1, timezone.now(), order), None)
    (row,) = ConfirmedOrder.objects.all()
    assert (row.order_id, row.account, row.amount) == (order.order_id, str(order.customer_id), 5)
