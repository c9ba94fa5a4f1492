from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strangler.events import Handler, inbox
from strangler.events.inbox import receive, work
from strangler.fence import Moved
from strangler.models import Ownership
from strangler.transport.errors import TimedOut
from tests.events.press.contract import NoteWritten
from tests.events.reader import handlers
from tests.events.reader.models import Effect, Poison
from tests.events.reader.models import ReaderInboxCursor as Cursor
from tests.events.reader.models import ReaderInboxMessage as Message
from tests.unit.events.letters import id_of, letter

pytestmark = pytest.mark.django_db(transaction=True)


def effects() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT aggregate, n FROM reader_effect ORDER BY at, before")
        return [tuple(row) for row in cursor.fetchall()]


def make_due() -> None:
    Message.objects.filter(available_at__isnull=False).update(available_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def handling(monkeypatch) -> Iterator[type[Handler]]:
    """The reader's handler, for tests that make it do something else."""
    inbox.handlers_of.cache_clear()
    yield handlers.Reading
    inbox.handlers_of.cache_clear()


def test_event_has_its_effect_and_is_confirmed():
    receipts = receive("reader", [letter(1)])
    assert receipts.confirmed == [id_of(letter(1))]
    assert effects() == [("a", 1)]


def test_copy_that_comes_again_has_no_effect_and_is_confirmed_again():
    receive("reader", [letter(1)])
    assert receive("reader", [letter(1), letter(1)]).confirmed == [id_of(letter(1))] * 2
    assert effects() == [("a", 1)]


def test_events_that_come_too_early_wait_for_theirs():
    assert len(receive("reader", [letter(3), letter(2)]).confirmed) == 2, "they are kept for good"
    assert effects() == []
    receive("reader", [letter(1)])
    assert effects() == [("a", 1), ("a", 2), ("a", 3)]
    receive("reader", [letter(2), letter(4), letter(3)])
    assert effects() == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


def test_what_waits_is_found_by_whoever_looks_after_the_inbox():
    """The process that handled its predecessor may die before it goes on."""
    receive("reader", [letter(2)])
    stream = inbox._Stream("reader", "press:note:a")
    stream._attempt(inbox._opened("reader", inbox.unseal(letter(1)), letter(1)))
    assert effects() == [("a", 1)]
    assert work("reader", 10) == 1
    assert effects() == [("a", 1), ("a", 2)]


def test_chain_with_holes_that_the_subscriber_never_wanted():
    receive("reader", [letter(4, previous=0), letter(9, previous=4)])
    assert effects() == [("a", 4), ("a", 9)]


def test_order_is_kept_within_an_aggregate_alone():
    receive("reader", [letter(2, aggregate="a"), letter(1, aggregate="b"), letter(2, aggregate="b")])
    assert effects() == [("b", 1), ("b", 2)]


def test_failure_has_no_effect_and_is_tried_again():
    Poison.objects.create(aggregate="a", n=1)
    assert len(receive("reader", [letter(1), letter(1, aggregate="b")]).confirmed) == 2
    assert effects() == [("b", 1)]
    row = Message.objects.get(handled_at=None)
    assert (row.attempts, row.last_error) == (1, "ValueError: a/1 is poison")
    assert work("reader", 10) == 0, "not at once"
    Poison.objects.all().delete()
    make_due()
    assert work("reader", 10) == 1
    assert effects() == [("b", 1), ("a", 1)]


def test_dead_letter_blocks_its_own_aggregate_alone(settings):
    settings.STRANGLER = {**settings.STRANGLER, "EVENT_ATTEMPTS_MAX": 2}
    Poison.objects.create(aggregate="a", n=2)
    receive("reader", [letter(1), letter(2), letter(3), letter(1, aggregate="b")])
    make_due()
    assert work("reader", 10) == 1
    assert Message.objects.get(sequence=2).dead_at is not None
    receive("reader", [letter(4), letter(2, aggregate="b")])
    make_due()
    assert work("reader", 10) == 0, "the dead and those behind them are left alone"
    assert effects() == [("a", 1), ("b", 1), ("b", 2)]


def test_others_failures_are_no_reason_to_give_up(settings, handling, monkeypatch):
    settings.STRANGLER = {**settings.STRANGLER, "EVENT_ATTEMPTS_MAX": 1}

    def gather(self, event):
        raise TimedOut("the catalog does not answer")

    monkeypatch.setattr(handling, "gather", gather)
    receive("reader", [letter(1)])
    assert Message.objects.get().dead_at is None
    monkeypatch.undo()
    make_due()
    work("reader", 10)
    assert effects() == [("a", 1)]


def test_gathering_is_done_outside_of_a_transaction(handling, monkeypatch):
    asked = []

    def gather(self, event):
        asked.append((event.data.n, connection.in_atomic_block))

    monkeypatch.setattr(handling, "gather", gather)
    receive("reader", [letter(2), letter(1), letter(1)])
    assert asked == [(1, False), (2, False)], "nobody asks for what is not to be handled"
    assert effects() == [("a", 1), ("a", 2)]


def test_refusal_of_the_database_cannot_be_swallowed(handling, monkeypatch):
    """A handler that catches everything must not have half an effect (R5)."""
    receive("reader", [letter(1)])

    def apply(self, event, gathered):
        Effect.objects.create(aggregate="half", n=0, before=0, at=timezone.now(), home="")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "CREATE TEMP TRIGGER closed BEFORE INSERT ON reader_poison BEGIN SELECT RAISE(ABORT,"
                    """ 'SF001 {"capability": "reader", "owner": "service", "epoch": 2}'); END"""
                )
                Poison.objects.create(aggregate="x", n=1)
        except Exception:
            return

    monkeypatch.setattr(handling, "apply", apply)
    with pytest.raises(Moved):
        receive("reader", [letter(2)])
    assert effects() == [("a", 1)]
    assert Cursor.objects.get().sequence == 1


def test_home_that_does_not_own_the_rows_takes_nothing():
    """Nor does it refuse anything: the owner may be newer, and know more."""
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    for one in (letter(1), letter(1, type="test.note.burnt.v1")):
        with pytest.raises(Moved):
            receive("reader", [one])
    with pytest.raises(Moved):
        inbox._Stream("reader", "press:note:a").take(inbox._opened("reader", inbox.unseal(letter(1)), letter(1)))
    assert not Message.objects.exists()


def test_event_that_this_host_does_not_know_is_refused():
    unknown = letter(1, type="test.note.burnt.v1")
    receipts = receive("reader", [unknown, letter(1, aggregate="b")])
    assert receipts.refused.keys() == {id_of(unknown)}
    assert "has no handler for test.note.burnt.v1" in receipts.refused[id_of(unknown)]
    assert effects() == [("b", 1)]


def test_payload_that_breaks_the_contract_is_refused():
    wrong = letter(1, data={"aggregate": "a", "n": "one"})
    assert receive("reader", [wrong]).refused.keys() == {id_of(wrong)}
    assert effects() == []


def test_unreadable_copy_does_not_keep_others_out():
    receipts = receive("reader", ["{", letter(1)])
    assert (receipts.confirmed, receipts.refused) == ([id_of(letter(1))], {})


def test_handler_gets_what_was_published():
    seen = []

    class Listening(Handler, to=(NoteWritten,)):
        def apply(self, event, gathered):
            seen.append(event)

    envelope = inbox.unseal(letter(1))
    event = Listening().received(envelope)
    assert event.data == NoteWritten(aggregate="a", n=1)
    assert (event.id, event.aggregate_id, event.sequence) == (id_of(letter(1)), "a", 1)
    assert event.happened_at.isoformat() == "2026-01-02T03:04:05.678901+00:00"


def test_purge_forgets_what_was_handled_and_keeps_the_order():
    receive("reader", [letter(1), letter(3)])
    Message.objects.filter(handled_at__isnull=False).update(handled_at=timezone.now() - timedelta(days=2))
    with transaction.atomic():
        assert inbox.purge("reader", timedelta(days=1)) == 1
    receive("reader", [letter(1), letter(2)])
    assert effects() == [("a", 1), ("a", 2), ("a", 3)]
    assert not Message.objects.filter(handled_at=None).exists(), "a repeat of what is forgotten is not kept"
