"""What stands still is found, and goes on: the copies and messages of events, through outbox, relay and inbox."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strangler.events import letters, mending, publish, relay
from strangler.fence import Moved
from strangler.models import Ownership
from tests.events.press.contract import NoteWritten
from tests.events.press.models import PressOutboxCopy as Copy
from tests.events.press.models import PressOutboxEvent as Event
from tests.events.reader.models import Poison
from tests.events.reader.models import ReaderInboxCursor as Cursor
from tests.events.reader.models import ReaderInboxMessage as Message
from tests.unit.events.letters import letter

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


def id_of(n, aggregate="a"):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM press_outbox WHERE aggregate_id = %s AND sequence = %s", [aggregate, n])
        found = str(cursor.fetchone()[0])
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}" if "-" not in found else found


def effects(aggregate="a"):
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM reader_effect WHERE aggregate = %s ORDER BY at, before", [aggregate])
        return [n for (n,) in cursor.fetchall()]


def poison(n, aggregate="a"):
    Poison.objects.create(aggregate=aggregate, n=n)


def cure():
    Poison.objects.all().delete()


def spoil(n, aggregate="a"):
    """Let an event say what its type does not allow, so that every subscriber refuses it."""
    Event.objects.filter(aggregate_id=aggregate, sequence=n).update(payload=json.dumps({"aggregate": 1, "n": "one"}))


def deliver():
    """Let relays do all that they can do by themselves, now and later."""
    for _ in range(5):
        earlier = timezone.now() - timedelta(seconds=1)
        Copy.objects.filter(confirmed_at=None, dead_at=None).update(available_at=earlier)
        Message.objects.filter(handled_at=None, dead_at=None, available_at__isnull=False).update(available_at=earlier)
        relay.run_once()


def states(capability, state="all"):
    return [(one.side, one.state, one.sequence) for one in letters.letters(capability, state, limit=50)]


def the(capability, n, aggregate="a"):
    (found,) = letters.lying_at(capability, id_of(n, aggregate))
    return found


# -- looking ----------------------------------------------------------------------------------------------------


def test_what_has_had_its_effect_is_open_nowhere():
    write(1, 2)
    deliver()
    assert effects() == [1, 2]
    assert states("press") == states("reader") == []
    assert (the("press", 1).state, the("reader", 1).state) == ("confirmed", "handled")


def test_a_dead_letter_and_what_is_parked_behind_it_need_attention():
    poison(2)
    write(1, 2, 3, 4)
    write(1, 2, aggregate="b")
    deliver()
    assert effects() == [1]
    assert effects("b") == [1, 2], "a dead letter blocks its own aggregate alone"
    assert states("reader", "attention") == [("inbox", "dead", 2), ("inbox", "parked", 3), ("inbox", "parked", 4)]
    assert states("reader", "dead") == [("inbox", "dead", 2)]
    assert states("reader", "parked") == [("inbox", "parked", 3), ("inbox", "parked", 4)]
    assert states("reader", "pending") == states("press") == []
    dead = the("reader", 2)
    assert dead.note == "ValueError: a/2 is poison"
    assert letters.count_behind(dead) == 2
    assert [one.sequence for one in letters.behind(dead, 10)] == [3, 4]
    assert letters.blocker_of(the("reader", 4)) == dead
    assert letters.handled_up_to(dead) == 1


def test_what_is_parked_behind_nothing_dead_needs_no_attention_yet():
    from strangler.events.inbox import receive

    receive("reader", [letter(2)])
    assert states("reader", "attention") == []
    assert states("reader", "parked") == [("inbox", "parked", 2)]


def test_copy_that_nobody_took_is_pending():
    write(1)
    assert states("press", "pending") == [("outbox", "pending", 1)]
    assert states("press", "attention") == []
    assert the("press", 1).next_attempt_at is not None


def test_copy_that_is_refused_is_dead_with_the_reason():
    write(1, 2)
    spoil(1)
    deliver()
    assert states("press", "attention") == [("outbox", "dead", 1)]
    dead = the("press", 1)
    assert "Expected" in dead.note
    assert letters.count_behind(dead) == 1, "the second is confirmed, and waits at its subscriber"
    assert effects() == []


def test_pages_hold_every_letter_once():
    poison(1)
    write(*range(1, 8))
    deliver()
    seen, after = [], None
    while page := letters.letters("reader", "all", after=after, limit=3):
        seen += [one.sequence for one in page]
        after = letters.place_of(page[-1])
    assert sorted(seen) == [1, 2, 3, 4, 5, 6, 7]


def test_content_is_the_same_from_both_sides():
    write(1)
    deliver()
    published, received = (letters.content_of(name, id_of(1)) for name in ("press", "reader"))
    assert published == received
    assert published.payload == {"aggregate": "a", "n": 1}
    assert (published.publisher, published.aggregate, published.sequence) == ("press", "note:a", 1)


def test_nobody_knows_an_event_that_never_was():
    assert letters.content_of("press", "00000000-0000-0000-0000-000000000000") is None
    assert letters.content_of("reader", "00000000-0000-0000-0000-000000000000") is None


# -- replay -----------------------------------------------------------------------------------------------------


def test_replay_after_the_fix_continues_in_order():
    poison(2)
    write(1, 2, 3, 4)
    deliver()
    cure()
    assert mending.replay("reader", [id_of(2)], "replayed by somebody") == 1
    relay.run_once()
    assert effects() == [1, 2, 3, 4]
    assert states("reader") == []


def test_replay_without_a_fix_is_dead_again():
    poison(1)
    write(1, 2)
    deliver()
    mending.replay("reader", [id_of(1)], "replayed by somebody")
    assert states("reader", "pending") == [("inbox", "due", 1)]
    assert the("reader", 1).note == "replayed by somebody"
    deliver()
    assert states("reader", "attention") == [("inbox", "dead", 1), ("inbox", "parked", 2)]
    assert the("reader", 1).note == "ValueError: a/1 is poison"


def test_replay_of_a_refused_copy_sends_it_again():
    write(1, 2)
    spoil(1)
    deliver()
    Event.objects.filter(sequence=1).update(payload=json.dumps({"aggregate": "a", "n": 1}))
    assert mending.replay("press", None, "replayed by somebody") == 1
    assert list(Copy.objects.filter(sequence=1).values_list("attempts", "refusals")) == [(0, 0)], "a fresh start"
    deliver()
    assert effects() == [1, 2]
    assert states("press") == states("reader") == []


def test_replay_of_everything_dead_wakes_nothing_else():
    poison(1)
    poison(1, aggregate="b")
    write(1, 2)
    write(1, aggregate="b")
    deliver()
    cure()
    assert mending.replay("reader", None, "replayed by somebody") == 2
    assert states("reader", "parked") == [("inbox", "parked", 2)], "its turn comes when the first has its effect"
    deliver()
    assert (effects(), effects("b")) == ([1, 2], [1])


def test_replay_of_what_is_parked_changes_nothing():
    """It would be due for ever, and relays would try it without a pause."""
    poison(1)
    write(1, 2)
    deliver()
    assert mending.replay("reader", [id_of(2)], "replayed by somebody") == 0
    assert the("reader", 2).state == "parked"


def test_replay_for_another_subscriber_changes_nothing():
    poison(1)
    write(1)
    deliver()
    assert mending.replay("reader", [id_of(1)], "x", subscriber="catalog") == 0
    assert mending.replay("press", [id_of(1)], "x", subscriber="catalog") == 0
    assert the("reader", 1).state == "dead"


# -- skip -------------------------------------------------------------------------------------------------------


def test_skip_in_the_inbox_lets_what_waits_go_on():
    poison(2)
    write(1, 2, 3, 4)
    deliver()
    assert mending.skip(the("reader", 2), "skipped by somebody: it is wrong")
    deliver()
    assert effects() == [1, 3, 4]
    skipped = the("reader", 2)
    assert (skipped.state, skipped.note) == ("skipped", "skipped by somebody: it is wrong")
    assert Cursor.objects.get().sequence == 4
    assert states("reader") == []


def test_skip_of_the_first_event_of_a_stream():
    poison(1)
    write(1, 2)
    deliver()
    assert mending.skip(the("reader", 1), "skipped by somebody: it is wrong")
    deliver()
    assert effects() == [2]


def test_skip_of_what_is_parked_changes_nothing():
    poison(1)
    write(1, 2)
    deliver()
    assert not mending.skip(the("reader", 2), "skipped by somebody: too early")
    assert states("reader") == [("inbox", "dead", 1), ("inbox", "parked", 2)]


def test_skip_of_what_was_handled_meanwhile_changes_nothing():
    poison(1)
    write(1, 2)
    deliver()
    seen = the("reader", 1)
    cure()
    mending.replay("reader", [id_of(1)], "replayed by somebody")
    deliver()
    assert not mending.skip(seen, "skipped by somebody: too late")
    assert effects() == [1, 2]
    assert the("reader", 1).state == "handled"


def test_event_that_was_skipped_has_no_effect_when_it_comes_again():
    from strangler.events.inbox import receive

    poison(1)
    receive("reader", [letter(1), letter(2)])
    (dead,) = letters.letters("reader", "dead", limit=1)
    mending.skip(dead, "skipped by somebody: it is wrong")
    cure()
    receive("reader", [letter(1)])
    relay.run_once()
    assert effects() == [2]


def test_skip_of_a_refused_copy_lets_its_subscriber_go_on():
    """What waits at the subscriber is never sent again: the subscriber itself passes over what it refused."""
    write(1, 2, 3)
    spoil(2)
    deliver()
    assert effects() == [1]
    assert states("reader") == [("inbox", "parked", 3)]
    assert mending.skip(the("press", 2), "skipped by somebody: it is wrong")
    assert the("press", 2).state == "pending"
    deliver()
    assert effects() == [1, 3]
    write(4)
    deliver()
    assert effects() == [1, 3, 4]
    for place in ("press", "reader"):
        assert (the(place, 2).state, the(place, 2).note) == ("skipped", "skipped by somebody: it is wrong")


def test_skip_of_the_last_copy_of_a_stream():
    write(1)
    spoil(1)
    deliver()
    assert mending.skip(the("press", 1), "skipped by somebody: it is wrong")
    write(2)
    deliver()
    assert effects() == [2]
    assert states("press") == states("reader") == []


def test_two_refused_copies_in_a_row_are_skipped_one_by_one():
    write(1, 2, 3)
    spoil(1)
    spoil(2)
    deliver()
    assert mending.skip(the("press", 2), "skipped by somebody: the second first")
    deliver()
    assert sorted(states("reader")) == [("inbox", "parked", 2), ("inbox", "parked", 3)]
    assert mending.skip(the("press", 1), "skipped by somebody: then the first")
    deliver()
    assert effects() == [3]


def test_old_copy_of_what_was_skipped_comes_late_and_is_ignored():
    """A broker may keep one from before, which does not say that it is skipped; and the subscriber may be mended."""
    from strangler.events.inbox import receive

    write(1, 2, 3)
    spoil(2)
    deliver()
    event = Event.objects.get(sequence=2)
    old = letter(2, id=str(event.id))
    mending.skip(the("press", 2), "skipped by somebody: it is wrong")
    deliver()
    assert receive("reader", [old]).confirmed == [str(event.id)]
    deliver()
    assert effects() == [1, 3]


def test_old_copy_that_is_taken_before_the_skip_has_its_effect():
    from strangler.events.inbox import receive

    write(1, 2, 3)
    spoil(2)
    deliver()
    mending.skip(the("press", 2), "skipped by somebody: it is wrong")
    assert receive("reader", [letter(2, id=id_of(2))]).confirmed == [id_of(2)]
    deliver()
    assert effects() == [1, 2, 3]
    assert states("press") == states("reader") == []


def test_copy_that_is_on_its_way_cannot_be_skipped():
    write(1)
    assert not mending.skip(the("press", 1), "skipped by somebody: no patience")
    deliver()
    assert effects() == [1]


# -- what a host cannot handle any more, and what is not its own ------------------------------------------------


def test_message_that_an_older_image_cannot_handle_stops_its_own_aggregate_alone():
    """After a roll-back: the newer image had taken it."""
    poison(1)
    write(1, 2)
    deliver()
    Message.objects.filter(sequence=1).update(dead_at=None, envelope=letter(1, id=id_of(1), type="test.note.torn.v1"))
    write(1, aggregate="b")
    deliver()
    assert effects("b") == [1]
    assert the("reader", 1).state == "dead"
    assert "has no handler for test.note.torn.v1" in the("reader", 1).note


def test_event_is_confirmed_although_the_one_behind_it_cannot_be_handled():
    from strangler.events.inbox import receive

    receive("reader", [letter(2)])
    Message.objects.update(envelope=letter(2, type="test.note.torn.v1"))
    receipts = receive("reader", [letter(1)])
    assert (len(receipts.confirmed), receipts.refused) == (1, {})
    assert effects() == [1]


def test_home_that_does_not_own_the_rows_mends_nothing():
    poison(1)
    write(1)
    write(1, aggregate="b")
    spoil(1, aggregate="b")
    deliver()
    dead, refused = the("reader", 1), the("press", 1, "b")
    Ownership.objects.update(owner="service", epoch=2)
    for mend in (
        lambda: mending.replay("reader", None, "x"),
        lambda: mending.replay("press", None, "x"),
        lambda: mending.skip(dead, "x"),
        lambda: mending.skip(refused, "x"),
    ):
        with pytest.raises(Moved):
            mend()
    assert (the("reader", 1), the("press", 1, "b")) == (dead, refused)
