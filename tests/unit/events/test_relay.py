from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strangler.events import inbox, publish, relay
from strangler.events.channels import Receipts, Undelivered
from strangler.models import Ownership
from tests.events.press.contract import NoteWritten
from tests.events.press.models import PressOutboxCopy as Copy
from tests.events.reader.models import Poison

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two_apps(settings):
    """The relay of a host with these two and nothing else to look after."""
    apps = {name: settings.STRANGLER["CAPABILITIES"][name] for name in ("press", "reader")}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": apps}


def write(*notes: tuple[str, int]) -> None:
    with transaction.atomic():
        publish(*(NoteWritten(aggregate=aggregate, n=n) for aggregate, n in notes))


def effects() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT aggregate, n FROM reader_effect ORDER BY aggregate, before")
        return [tuple(row) for row in cursor.fetchall()]


def test_what_was_published_has_its_effect_and_is_confirmed():
    write(*[(aggregate, n) for n in range(1, 40) for aggregate in "ab"])
    assert relay.run_once() == 78
    assert effects() == [(aggregate, n) for aggregate in "ab" for n in range(1, 40)]
    assert not Copy.objects.filter(confirmed_at=None).exists()
    assert relay.run_once() == 0


def test_poison_stops_its_own_aggregate_alone_and_goes_on_in_order_afterwards():
    poison = Poison.objects.create(aggregate="a", n=2)
    write(*[(aggregate, n) for n in (1, 2, 3) for aggregate in "ab"])
    relay.run_once()
    assert effects() == [("a", 1), ("b", 1), ("b", 2), ("b", 3)]
    poison.delete()
    inbox.needed_inbox("reader").message.objects.filter(available_at__isnull=False).update(
        available_at=timezone.now() - timedelta(seconds=1)
    )
    relay.run_once()
    assert effects() == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]


def test_subscriber_that_does_not_answer_is_asked_again_soon(monkeypatch):
    write(("a", 1))

    class Gone:
        def deliver(self, publisher, subscriber, envelopes):
            raise Undelivered("nobody there")

    monkeypatch.setattr(relay, "channel", Gone)
    assert relay.run_once() == 1
    copy = Copy.objects.get()
    assert copy.confirmed_at is None
    assert copy.available_at - timezone.now() < timedelta(seconds=1)


def test_relay_that_dies_after_its_claim_leaves_the_copy_due(monkeypatch):
    write(("a", 1))

    class Dying:
        def deliver(self, publisher, subscriber, envelopes):
            raise KeyboardInterrupt

    monkeypatch.setattr(relay, "channel", Dying)
    with pytest.raises(KeyboardInterrupt):
        relay.run_once()
    monkeypatch.undo()
    assert relay.run_once() == 0, "it may be under way"
    Copy.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    relay.run_once()
    assert effects() == [("a", 1)]


def test_copies_of_one_subscriber_travel_together(monkeypatch):
    write(*[("a", n) for n in range(1, 60)])
    letters = []

    class Counting:
        def deliver(self, publisher, subscriber, envelopes):
            letters.append((publisher, subscriber, len(envelopes)))
            return Receipts([], {})

    monkeypatch.setattr(relay, "channel", Counting)
    relay.run_once()
    assert letters == [("press", "reader", 25), ("press", "reader", 25), ("press", "reader", 9)]


def test_relay_leaves_alone_what_another_home_owns():
    write(("a", 1))
    Ownership.objects.filter(capability="press").update(owner="service", epoch=2)
    assert relay.run_once() == 0
    assert Copy.objects.get().attempts == 0


def test_subscriber_that_the_settings_do_not_know_is_named(settings, caplog):
    write(("a", 1))
    contracts = ("tests.events.press.contract", "tests.events.reader.contract")
    apps = {"press": settings.STRANGLER["CAPABILITIES"]["press"]}
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": apps, "CONTRACTS": contracts}
    relay.run_once()
    assert "'reader', which STRANGLER['CAPABILITIES'] does not name" in caplog.text
    assert Copy.objects.get().confirmed_at is None
