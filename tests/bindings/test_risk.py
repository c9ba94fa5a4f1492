"""What other apps ask of risk, in every binding: here, through the wire's form, and of its service."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from monolith.kernel.money import Money
from monolith.risk.contract import Facts, Kind, Outcome, OutOfBounds, Risk, UnknownDecision, risk
from strangler.contract import CommandKeyReused
from tests.bindings.conftest import bound
from tests.support.platform import Platform

pytestmark = pytest.mark.platform


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Risk]:
    with django_db_blocker.unblock(), bound(risk, platform, binding) as client:
        yield client


def facts(**more: Any) -> Facts:
    return Facts(**{"account": str(uuid.uuid4()), "amount": Money(1000, "USD"), **more})


def test_decision_is_made_once_and_found_again(client: Risk) -> None:
    subject, asked = uuid.uuid4(), facts(amount=Money(700000, "USD"), items=3)
    first = client.decide(kind=Kind.ORDER, subject_id=subject, facts=asked)
    assert (first.outcome, first.score, first.subject_id) == (Outcome.REVIEW, 50, subject)
    assert type(first.outcome) is Outcome
    (reason,) = first.reasons
    assert (reason.code, dict(reason.figures)) == ("large_amount", {"amount": "700000", "currency": "USD"})
    assert client.decide(kind=Kind.ORDER, subject_id=subject, facts=asked) == first
    assert client.decision(kind=Kind.ORDER, subject_id=subject) == first


def test_other_facts_are_another_question(client: Risk) -> None:
    subject = uuid.uuid4()
    client.decide(kind=Kind.ORDER, subject_id=subject, facts=facts())
    with pytest.raises(CommandKeyReused):
        client.decide(kind=Kind.ORDER, subject_id=subject, facts=facts())


def test_refusals_are_the_same_everywhere(client: Risk) -> None:
    with pytest.raises(OutOfBounds):
        client.decide(kind=Kind.ORDER, subject_id=uuid.uuid4(), facts=facts(items=0))
    with pytest.raises(UnknownDecision):
        client.decision(kind=Kind.ORDER, subject_id=uuid.uuid4())
