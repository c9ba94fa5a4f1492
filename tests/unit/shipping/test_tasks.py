"""What the clock starts: by the owner alone; and what is thrown away."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from extracted.shipping import capability, tasks
from extracted.shipping.models import Label, ShippingOutbox, Webhook
from strangler.hosting.celery import app
from tests.unit.shipping.conftest import send, states

WHO = "service"


def lose_the_rows():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 2 WHERE capability = 'shipping'")


def test_every_tick_has_its_task():
    app.loader.import_default_modules()
    assert set(capability.PERIODIC) <= set(app.tasks)


def test_owner_works_and_the_other_home_asks_nobody(carriers):
    row = send()
    assert tasks.handle_labels() == 1
    other = send()
    lose_the_rows()
    assert tasks.handle_labels() is None
    assert tasks.take_webhooks() is None
    assert tasks.purge() is None
    assert (states(row), states(other)) == (["bought"], ["due"])
    assert carriers.calls["POST herald labels"] == 1


def test_old_webhooks_are_thrown_away_once_they_had_their_effect(carriers):
    label = Label.objects.get(parcel__shipment=send())
    now, old = timezone.now(), timezone.now() - timedelta(days=31)
    kept = [
        Webhook.objects.create(carrier=label.carrier, payload="{}", received_at=old),
        Webhook.objects.create(carrier=label.carrier, payload="{}", received_at=now, taken_at=now),
    ]
    for done in ({"taken_at": old}, {"dead_at": old}):
        Webhook.objects.create(carrier=label.carrier, payload="{}", received_at=old, **done)
    assert tasks.purge() == 2
    assert list(Webhook.objects.order_by("received_at")) == kept
    assert ShippingOutbox.objects.exists()
