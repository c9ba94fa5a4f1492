"""The figures of outboxes and inboxes, on real rows and as a scrape sees them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from django_prometheus.exports import ExportToDjangoView

from strangler.events import publish, relay
from strangler.events.figures import Figures, figures_of
from strangler.models import Ownership
from tests.events.press.contract import NoteWritten
from tests.events.press.models import PressOutboxCopy as Copy
from tests.events.press.models import PressOutboxEvent as Event
from tests.events.reader.models import Poison

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def hasty(settings):
    """Two capabilities, and letters that are dead when they have failed once."""
    strangler = settings.STRANGLER
    both = {name: strangler["CAPABILITIES"][name] for name in ("press", "reader")}
    settings.STRANGLER = {**strangler, "CAPABILITIES": both, "EVENT_ATTEMPTS_MAX": 1}


def write(*ns, aggregate="a"):
    for n in ns:
        with transaction.atomic():
            publish(NoteWritten(aggregate=aggregate, n=n))


def scrape():
    """Return the samples of ours as a scrape gets them: "name{labels}" to value."""
    text = ExportToDjangoView(RequestFactory().get("/metrics")).content.decode()
    lines = [line for line in text.splitlines() if line.startswith(("outbox_", "inbox_"))]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_nothing_is_counted_where_nothing_is_open():
    write(1)
    relay.run_once()
    assert figures_of("press") == figures_of("reader") == Figures()


def test_what_is_pending_is_counted_with_the_age_of_the_oldest():
    write(1, 2, 3)
    Copy.objects.filter(sequence=2).update(created_at=timezone.now() - timedelta(seconds=90))
    figures = figures_of("press")
    assert figures.outbox_pending == 3
    assert 90 <= figures.outbox_lag_seconds < 120
    assert figures.outbox_dead == 0


def test_dead_copy_is_not_pending_and_makes_no_lag():
    """Otherwise one that nobody mends would hide that the rest flows."""
    write(1)
    Event.objects.update(payload=json.dumps({"aggregate": "a", "n": "one"}))
    Copy.objects.update(created_at=timezone.now() - timedelta(hours=1))
    relay.run_once()
    assert figures_of("press") == Figures(outbox_dead=1)


def test_dead_and_parked_messages_are_told_apart():
    Poison.objects.create(aggregate="a", n=1)
    write(1, 2, 3)
    relay.run_once()
    assert figures_of("reader") == Figures(inbox_dead=1, inbox_parked=2)


def test_scrape_has_every_figure_of_every_capability():
    Poison.objects.create(aggregate="a", n=1)
    write(1, 2)
    relay.run_once()
    write(1, aggregate="b")
    samples = scrape()
    assert samples['outbox_pending{capability="press"}'] == 1
    assert 0 <= samples['outbox_lag_seconds{capability="press"}'] < 30
    assert samples['outbox_dead{capability="press"}'] == 0
    assert samples['inbox_parked{capability="reader"}'] == 1
    assert samples['inbox_dead{capability="reader"}'] == 1


def test_home_says_nothing_of_rows_that_another_one_owns():
    write(1)
    Ownership.objects.filter(capability="press").update(owner="service", epoch=2)
    assert {name for name in scrape() if "press" in name} == set()
    assert 'inbox_dead{capability="reader"}' in scrape()
