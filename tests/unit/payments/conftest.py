"""Two providers without HTTP, and what a shop does with them; whatever a test does, the books add up afterwards."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from monolith.kernel.money import Money
from monolith.payments import providers
from monolith.payments.audit import audit
from monolith.payments.models import PaymentAttempt, PaymentIntent
from monolith.payments.services import intents, refunds
from monolith.payments.tasks import resolve_attempts
from strangler.hosting.auth import Principal
from strangler.hosting.celery import app
from tests.unit.payments.fakes import FakeProvider

WHO = {"actor": "a"}


class Till:
    """Pays, takes, gives back; the providers are asked as soon as each step has committed."""

    def __init__(self, first, second, committed):
        self.first, self.second = first, second
        self.committed = committed

    def authorize(self, token="tok_visa", *, amount=1000, order=None, attempt=1, **more):
        with self.committed():
            step = intents.intent_authorize(
                order_id=order or uuid.uuid4(), attempt=attempt, customer="ann", amount=Money(amount, "USD"),
                payment_method=token, **WHO, **more,
            )  # fmt: skip
        return self.seen(step.intent)

    def capture(self, intent, amount=None):
        with self.committed():
            intents.intent_capture(intent_id=intent.id, amount=amount and Money(amount, "USD"), **WHO)
        return self.seen(intent)

    def cancel(self, intent, reason="r"):
        with self.committed():
            intents.intent_cancel(intent_id=intent.id, reason=reason, **WHO)
        return self.seen(intent)

    def refund(self, intent, amount=None, refund_id=None):
        with self.committed():
            row, _ = refunds.refund_create(
                refund_id=refund_id or uuid.uuid4(), intent_id=intent.id, amount=amount and Money(amount, "USD"), **WHO
            )
        row.refresh_from_db()
        return row

    def captured(self, token="tok_visa", **more):
        return self.capture(self.authorize(token, **more))

    def poll(self):
        """Let everything that is due be asked, as the clock does."""
        PaymentAttempt.objects.filter(due_at__isnull=False).update(due_at=timezone.now(), leased_until=None)
        with self.committed():
            return resolve_attempts()

    def late(self):
        PaymentIntent.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    @staticmethod
    def seen(intent):
        return PaymentIntent.objects.get(id=intent.id)


@pytest.fixture(autouse=True)
def without_broker():
    """Tasks run where they are asked for."""
    before, app.conf.task_always_eager = app.conf.task_always_eager, True
    yield
    app.conf.task_always_eager = before


@pytest.fixture
def till(db, django_capture_on_commit_callbacks):
    @contextmanager
    def committed():
        with django_capture_on_commit_callbacks(execute=True):
            yield

    both = FakeProvider("sandbox_a"), FakeProvider("sandbox_b", asynchronous=True)
    with providers.bound_to(both):
        yield Till(*both, committed)
        assert audit() == []


class Rest:
    """Somebody at the REST interface."""

    def __init__(self, till, principal):
        self._till = till
        self._client = APIClient()
        self._client.force_authenticate(user=principal)

    def get(self, path, **query):
        return self._client.get(f"/api/payments{path}", query)

    def post(self, path, body, *, key=None):
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        with self._till.committed():
            return self._client.post(f"/api/payments{path}", body, format="json", headers=headers)


@pytest.fixture
def rest(till, settings):
    """A function (subject, scopes) -> `Rest`; a customer's scope unless others are given."""
    settings.ROOT_URLCONF = "tests.unit.payments.urls"
    settings.MIDDLEWARE = []
    return lambda subject, scopes=("payments:own",): Rest(till, Principal(subject, frozenset(scopes)))


@pytest.fixture
def staff(rest):
    """Somebody of the shop."""
    return rest("boss", ("payments:read", "payments:write"))
