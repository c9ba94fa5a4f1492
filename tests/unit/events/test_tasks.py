"""A task in a home that may run it, and in one that may not; real workers are in tests/integration/events."""

from __future__ import annotations

import uuid
from contextlib import contextmanager

import pytest
from celery import Celery, current_app
from celery.exceptions import Ignore, Reject, Retry
from django.utils import timezone

from strangler.events.tasks import EPOCH, HOPS, owned_task, periodic_task, receive_events
from strangler.fence import Moved
from strangler.models import Ownership
from strangler.state.identity import Restored
from strangler.transport.queues import EVERY
from tests.events.reader.models import Effect
from tests.support.processes import free_port

pytestmark = pytest.mark.django_db
AGES_S = 1e12
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
"""How long Celery tries to reach a broker."""
QUEUES = ("reader.monolith", "reader.service")


@owned_task("reader", name="tests.note")
def note(what):
    Effect.objects.create(aggregate=what, n=1, before=0, at=timezone.now(), home="monolith")


@owned_task("reader", name="tests.note_and_fail")
def note_and_fail(what):
    note.run(what)
    raise ZeroDivisionError


@owned_task("reader", name="tests.trespass", bind=True)
def trespass(task):
    raise Moved("another", "service", 2)


@owned_task("reader", name="tests.note_in_a_copy", bind=True)
def note_in_a_copy(task):
    raise Restored("reader", "The database is a copy.")


@periodic_task("reader", name="tests.sweep")
def sweep():
    note.run("swept")


@periodic_task("reader", name="tests.sweep_elsewhere")
def sweep_elsewhere():
    raise Moved("another", "service", 2)


@contextmanager
def celery(broker="memory://", **options):
    """Let an app of our own be the process's."""
    before, app = current_app._get_current_object(), Celery("tests", broker=broker)
    app.conf.update(task_default_queue="monolith", **options)
    app.set_current()
    try:
        with app:
            yield app
    finally:
        before.set_current()


@pytest.fixture
def eager():
    """As hosts without a broker are."""
    with celery(task_always_eager=True) as app:
        yield app


@pytest.fixture
def broker():
    """A broker in memory, with nothing in its queues."""
    with celery() as app:
        for queue in QUEUES:
            taken(app, queue)
        yield app


@contextmanager
def delivered(task, *args, **headers):
    """Let a worker have taken a task from its queue."""
    request = {"id": str(uuid.uuid4()), "called_directly": False, "args": args, "kwargs": {}, "headers": headers}
    task.push_request(**request)
    try:
        yield request["id"]
    finally:
        task.pop_request()


def taken(app, queue):
    """Take the messages out of a queue, and return their headers."""
    found = []
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        while waiting.qsize():
            message = waiting.get_nowait()
            message.ack()
            found.append(message.headers)
    return found


def effects():
    return sorted(Effect.objects.values_list("aggregate", flat=True))


def move(owner="service", epoch=2):
    Ownership.objects.filter(capability="reader").update(owner=owner, epoch=epoch)


def test_without_a_broker_a_task_runs_at_once(eager):
    note.delay("one")
    assert effects() == ["one"]


def test_an_id_has_one_run(eager):
    """A redelivery is a message like the first one."""
    for _ in range(3):
        note.apply_async(("one",), task_id="the same")
    assert effects() == ["one"]


def test_without_a_broker_a_callers_home_that_does_not_own_is_told(eager):
    """Celery keeps errors of such tasks in a result that nobody reads."""
    move()
    with pytest.raises(Moved):
        note.delay("one")
    assert effects() == []


def test_a_direct_call_is_one_transaction_of_the_owner():
    with pytest.raises(ZeroDivisionError):
        note_and_fail("one")
    assert effects() == []
    note("two")
    note("two")
    assert effects() == ["two", "two"]


def test_a_direct_call_in_another_home_is_refused():
    move()
    with pytest.raises(Moved):
        note("one")
    assert effects() == []


@pytest.mark.parametrize(
    ("owner", "epoch", "sent", "target"),
    [
        ("service", 2, 1, "reader.service"),  # sent before the move
        ("service", 2, 2, "reader.service"),  # this home was asked by mistake
        ("service", 1, 2, "reader.monolith"),  # a move to this home has closed the other one, but not opened this one
        ("service", 4, 2, "reader.service"),  # moved more than once meanwhile
    ],
)
def test_a_task_is_handed_over_to_whoever_is_to_run_it(broker, owner, epoch, sent, target):
    move(owner, epoch)
    with delivered(note, "one", **{EPOCH: sent, HOPS: 3, "other": "kept"}) as task_id, pytest.raises(Ignore):
        note("one")
    found = {queue: taken(broker, queue) for queue in QUEUES}
    (headers,) = found.pop(target)
    assert list(found.values()) == [[]]
    assert (headers["id"], headers[EPOCH], headers[HOPS]) == (task_id, max(epoch, sent), 4)
    assert headers["other"] == "kept"
    assert effects() == []


def test_a_broker_that_is_gone_takes_nothing_and_the_task_stays():
    """Acknowledged without having been published, it would be lost."""
    move()
    gone = celery(f"redis://127.0.0.1:{free_port()}/0", task_publish_retry=False, broker_transport_options=AT_ONCE)
    with gone, delivered(note, "one"), pytest.raises(Reject) as rejected:
        note("one")
    assert rejected.value.requeue


def test_a_task_waits_while_its_database_is_not_the_one_that_the_home_knows(broker):
    """R18: whoever looks into it lets it go on; a task that failed would be lost."""
    with delivered(note_in_a_copy) as task_id, pytest.raises(Retry):
        note_in_a_copy()
    (headers,) = taken(broker, "reader.monolith")
    assert headers["id"] == task_id
    assert headers["eta"]


def test_copies_of_events_do_not_wander_for_ever(broker):
    """The relay sends them again."""
    move()
    with delivered(receive_events, "press", "reader", [], **{HOPS: 6}), pytest.raises(Ignore):
        receive_events("press", "reader", [])
    assert [taken(broker, queue) for queue in QUEUES] == [[], []]


def test_a_task_that_crosses_a_border_fails_where_it_is(broker):
    """No other home could do better: the rows are another capability's."""
    with delivered(trespass), pytest.raises(Moved):
        trespass()
    assert [taken(broker, queue) for queue in QUEUES] == [[], []]


def test_a_tick_runs_once_in_its_period():
    for _ in range(3):
        with delivered(sweep, **{EVERY: AGES_S}):
            sweep()
    assert effects() == ["swept"]


def test_a_tick_in_another_home_is_skipped():
    move()
    with delivered(sweep, **{EVERY: AGES_S}):
        sweep()
    assert effects() == []


def test_a_tick_that_crosses_a_border_is_no_skipped_one():
    with delivered(sweep_elsewhere, **{EVERY: AGES_S}), pytest.raises(Moved):
        sweep_elsewhere()


def test_asked_for_by_hand_periodic_work_is_done_every_time(eager):
    sweep.delay()
    sweep()
    assert effects() == ["swept", "swept"]
