"""Payments on each database, with providers whose books can be asked."""

from __future__ import annotations

import uuid

import pytest

from monolith.kernel.money import Money
from monolith.payments import providers
from monolith.payments.audit import audit
from monolith.payments.models import PaymentIntent
from monolith.payments.services import intents
from tests.unit.payments.fakes import FakeProvider

WHO = {"actor": "a"}


class Shop:
    """Payments that were made and committed, one provider behind them."""

    def __init__(self, vendor, first, second):
        self.vendor = vendor
        self.first = first
        self.second = second

    def made(self, *, order=None, attempt=1, amount=1000):
        row = intents.intent_create(
            order_id=order or uuid.uuid4(), attempt=attempt, customer="ann", amount=Money(amount, "USD"), **WHO
        )
        return row.intent

    def authorized(self, token="tok_visa"):
        row = self.made()
        intents.intent_confirm(intent_id=row.id, payment_method=token, **WHO)
        return self.seen(row)

    def captured(self, token="tok_visa"):
        row = self.authorized(token)
        intents.intent_capture(intent_id=row.id, **WHO)
        return self.seen(row)

    @staticmethod
    def seen(row):
        return PaymentIntent.objects.get(id=row.id)


@pytest.fixture
def shop(homes):
    """A shop on the database, whose books add up whatever a test does."""
    both = FakeProvider("sandbox_a"), FakeProvider("sandbox_b", asynchronous=True)
    with providers.bound_to(both):
        yield Shop(homes.vendor, *both)
        assert audit() == []
