from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strangler.events import outbox, publish
from strangler.events.catalogue import forget
from strangler.fence import Moved
from strangler.models import Ownership
from tests.events.press.contract import NoteWritten
from tests.events.press.models import PressOutboxCopy as Copy
from tests.events.press.models import PressOutboxEvent as Event
from tests.events.press.models import PressOutboxStream as Stream

pytestmark = pytest.mark.django_db(transaction=True)


def write(*notes: tuple[str, int]) -> None:
    with transaction.atomic():
        publish(*(NoteWritten(aggregate=aggregate, n=n) for aggregate, n in notes))


def chain(aggregate: str) -> list[tuple[int, int, int]]:
    """What a reader of the tables sees: n, sequence, previous."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.payload, c.sequence, c.previous FROM press_outbox e JOIN press_outbox_copy c ON c.event_id = e.id"
            " WHERE e.aggregate_id = %s AND c.subscriber = 'reader' ORDER BY c.sequence",
            [aggregate],
        )
        return [(json.loads(payload)["n"], sequence, previous) for payload, sequence, previous in cursor.fetchall()]


def make_due() -> None:
    Copy.objects.update(available_at=timezone.now() - timedelta(seconds=1))


def test_events_of_an_aggregate_are_numbered_without_gaps():
    write(("a", 1), ("b", 1), ("a", 2))
    write(("a", 3))
    assert chain("a") == [(1, 1, 0), (2, 2, 1), (3, 3, 2)]
    assert chain("b") == [(1, 1, 0)]


def test_rollback_leaves_nothing_and_no_gap():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publish(NoteWritten(aggregate="a", n=1))
        raise ZeroDivisionError
    assert not Event.objects.exists()
    write(("a", 2))
    assert chain("a") == [(2, 1, 0)]


def test_publishing_needs_a_transaction():
    """Otherwise the event could stay when what it tells of does not."""
    with pytest.raises(transaction.TransactionManagementError, match=r"test\.note\.written\.v1 must be published"):
        publish(NoteWritten(aggregate="a", n=1))
    assert not Event.objects.exists()


def test_home_that_does_not_own_the_rows_publishes_nothing():
    Ownership.objects.filter(capability="press").update(owner="service", epoch=2)
    from strangler.fence import owning

    with pytest.raises(Moved), owning("press"):
        publish(NoteWritten(aggregate="a", n=1))
    assert not Event.objects.exists()


@pytest.mark.parametrize("aggregate", ["", "x" * 256])
def test_aggregate_without_a_usable_id_is_refused(aggregate):
    with pytest.raises(ValueError, match="1 to 255 characters"):
        write((aggregate, 1))


def test_event_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(outbox, "PAYLOAD_BYTES_MAX", 20)
    with pytest.raises(ValueError, match="at most 20"):
        write(("a" * 30, 1))


def test_event_that_nobody_wants_has_no_copy(settings):
    settings.STRANGLER = _without("reader", settings.STRANGLER)
    write(("a", 1))
    assert Event.objects.count() == 1
    assert not Copy.objects.exists()


def test_subscriber_that_was_away_gets_a_chain_without_a_hole(settings):
    """What it got before is what the next copy names, whatever happened in between."""
    write(("a", 1))
    whole = settings.STRANGLER
    settings.STRANGLER = _without("reader", whole)
    write(("a", 2))
    settings.STRANGLER = whole
    forget()
    write(("a", 3))
    assert chain("a") == [(1, 1, 0), (3, 3, 1)]


def test_claimed_copy_is_nobody_elses_for_a_while():
    write(("a", 1), ("b", 1))
    assert sorted(one.subscriber for one in outbox.claim("press", 10)) == ["reader", "reader"]
    assert outbox.claim("press", 10) == []


def test_what_nobody_confirmed_is_sent_again_later_each_time():
    write(("a", 1))
    pauses = []
    for _ in range(3):
        now = timezone.now()
        assert len(outbox.claim("press", 10)) == 1
        pauses.append((Copy.objects.get().available_at - now).total_seconds())
        make_due()
    assert 3 < pauses[0] < 7, "5 s and some chance"
    assert pauses[0] < pauses[1] < pauses[2]
    first = Copy.objects.get().published_at
    outbox.claim("press", 10)
    assert Copy.objects.get().published_at == first


def test_confirmed_copy_is_never_sent_again():
    write(("a", 1))
    (sent,) = outbox.claim("press", 10)
    outbox.settle("press", "reader", [sent.event_id], {})
    make_due()
    assert outbox.claim("press", 10) == []


def test_refused_copy_is_a_dead_letter_in_the_end(settings):
    settings.STRANGLER = {**settings.STRANGLER, "EVENT_ATTEMPTS_MAX": 3}
    write(("a", 1), ("b", 1))
    for attempt in range(1, 4):
        refused = [one for one in outbox.claim("press", 10) if '"partitionkey":"a"' in one.envelope]
        outbox.settle("press", "reader", [], {refused[0].event_id: "no handler"})
        assert (Copy.objects.get(aggregate="note:a").dead_at is not None) == (attempt == 3)
        make_due()
    assert Copy.objects.get(aggregate="note:a").last_error == "no handler"
    (other,) = outbox.claim("press", 10)
    assert '"partitionkey":"b"' in other.envelope, "a dead letter is no other's business"


def test_copy_that_could_not_be_handed_on_is_due_soon():
    write(("a", 1))
    (sent,) = outbox.claim("press", 10)
    outbox.postpone("press", [sent.copy_id])
    assert Copy.objects.get().available_at - timezone.now() < timedelta(seconds=1)


def test_purge_keeps_what_somebody_still_needs():
    write(("a", 1), ("b", 1))
    confirmed = Copy.objects.get(aggregate="note:a")
    outbox.settle("press", "reader", [str(confirmed.event_id)], {})
    Event.objects.update(created_at=timezone.now() - timedelta(days=2))
    with transaction.atomic():
        assert outbox.purge("press", timedelta(days=1)) == 2
    assert Event.objects.get().aggregate_id == "b"
    write(("a", 2))
    assert chain("a") == [(2, 2, 1)], "the order goes on"
    assert Stream.objects.get(aggregate="note:a").sequence == 2


def test_being_sent_in_vain_is_no_refusal(settings):
    """A subscriber that was away for long may refuse once, for a moment: that is no reason to give up."""
    settings.STRANGLER = {**settings.STRANGLER, "EVENT_ATTEMPTS_MAX": 3}
    write(("a", 1))
    for _ in range(5):
        (sent,) = outbox.claim("press", 10)
        make_due()
    outbox.settle("press", "reader", [], {sent.event_id: "not yet"})
    assert Copy.objects.get().dead_at is None


def _without(subscriber: str, strangler: dict) -> dict:
    forget()
    return {**strangler, "CAPABILITIES": {k: v for k, v in strangler["CAPABILITIES"].items() if k != subscriber}}
