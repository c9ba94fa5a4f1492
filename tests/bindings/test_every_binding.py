"""One body for each operation, in every binding: local, through the wire's form, and a service of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from strangler.bindings import CallInTransaction, TooManyCalls
from strangler.contract import CommandKeyReused
from strangler.models import HistoryEntry
from strangler.transport.errors import BadReply
from tests.bindings.conftest import bound, rows
from tests.bindings.counter.contract import TooMuch, Total, counter
from tests.support.platform import Platform

pytestmark = pytest.mark.platform


@pytest.fixture
def client(platform: Platform, binding: str, django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock(), bound(counter, platform, binding) as client:
        yield client


@pytest.fixture
def owner(binding: str) -> str:
    """The home that must have the rows."""
    return "service" if binding == "remote" else "monolith"


def new() -> str:
    return uuid.uuid4().hex


def effects(platform: Platform, home: str, name: str) -> list[tuple[str]]:
    return rows(platform.of("counter"), home, f"SELECT key FROM counter_effect WHERE name = '{name}' ORDER BY key")


def test_command_has_its_effect_where_the_rows_are(client, platform, owner):
    name = new()
    total = client.add(key=new(), name=name, amount=3)
    assert (type(total), total.name, total.total) == (Total, name, 3)
    assert total.at is not None
    assert total.at.tzinfo is not None
    assert rows(platform.of("counter"), owner, f"SELECT total FROM counter_tally WHERE name = '{name}'") == [(3,)]


def test_query_sees_it(client):
    name = new()
    client.add(key=new(), name=name)
    assert client.totals(names=(name,)) == {name: 1}
    assert name in client.totals()


def test_large_answer_arrives_whole(client):
    assert len(client.broken(how="many")) == 50_000


def test_repeated_command_returns_the_first_outcome(client, platform, owner):
    name, key = new(), new()
    first = client.add(key=key, name=name, amount=2)
    assert client.add(key=key, name=name, amount=2) == first
    assert effects(platform, owner, name) == [(key,)]


def test_arguments_in_another_order_are_a_repeat(client, platform, owner):
    name, key = new(), new()
    first = client.add(key=key, name=name, amount=2)
    assert client.add(amount=2, name=name, key=key) == first
    assert effects(platform, owner, name) == [(key,)]


def test_key_of_another_command_is_refused(client, platform, owner):
    name, key = new(), new()
    client.add(key=key, name=name, amount=2)
    with pytest.raises(CommandKeyReused):
        client.add(key=key, name=name, amount=3)
    assert effects(platform, owner, name) == [(key,)]


def test_long_key_is_a_key(client, platform, owner):
    name, key = new(), "k" * 5_000
    assert client.add(key=key + name, name=name[:5]) == client.add(key=key + name, name=name[:5])


def test_refusal_is_the_same_class_and_leaves_nothing(client, platform, owner):
    name, key = new(), new()
    with pytest.raises(TooMuch) as refusal:
        client.add(key=key, name=name, amount=9, limit=5)
    assert str(refusal.value) == "9 is more than 5."
    assert refusal.value.context == {"total": 9, "limit": 5}
    assert effects(platform, owner, name) == []
    assert client.add(key=key, name=name, amount=4, limit=5).total == 4, "a refusal is not remembered"


def test_refusal_of_a_query(client):
    with pytest.raises(TooMuch) as refusal:
        client.broken(how="refusal")
    assert refusal.value.context == {"total": 7, "limit": 5}


def test_bug_of_a_command_leaves_nothing_and_is_no_refusal(client, platform, owner, binding):
    name = new()
    with pytest.raises(BadReply if binding == "remote" else ZeroDivisionError):
        client.fail(key=new(), name=name, how="bug")
    assert effects(platform, owner, name) == []


def test_error_within_a_savepoint_may_be_handled(client, platform, owner):
    name, key = new(), new()
    assert client.fail(key=key, name=name, how="integrity").total == 1
    assert effects(platform, owner, name) == [(key,)]


@pytest.mark.parametrize("how", ["command", "query"])
def test_call_within_a_command_that_has_written_is_refused(client, platform, owner, binding, how):
    """R12: a command that calls another would hold its locks meanwhile, and a rollback would not undo the other's."""
    name = new()
    with pytest.raises(BadReply if binding == "remote" else CallInTransaction):
        client.fail(key=new(), name=name, how=how)
    assert effects(platform, owner, name) == []


def test_command_within_a_transaction_is_refused(client, platform, owner):
    name = new()
    with transaction.atomic(), pytest.raises(CallInTransaction, match="add is a command"):
        client.add(key=new(), name=name)
    assert effects(platform, owner, name) == []


def test_command_without_autocommit_is_refused(client):
    transaction.set_autocommit(False)
    try:
        HistoryEntry.objects.count()
        with pytest.raises(CallInTransaction):
            client.add(key=new(), name=new())
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)


def test_query_within_a_transaction_is_refused_once_it_has_written(client):
    with transaction.atomic():
        HistoryEntry.objects.count()
        client.totals(names=("x",))
        with transaction.atomic():
            HistoryEntry.objects.filter(id=-1).update(reason="")
        with pytest.raises(CallInTransaction, match="has written or locked"):
            client.totals(names=("x",))
    client.totals(names=("x",))


def test_query_within_a_transaction_is_refused_once_it_has_locked(client, platform):
    if platform.kind == "sqlite":
        pytest.skip("SQLite has no FOR UPDATE")
    with transaction.atomic():
        list(HistoryEntry.objects.select_for_update())
        with pytest.raises(CallInTransaction):
            client.totals(names=("x",))


@pytest.mark.parametrize("arguments", [{}, {"key": "k"}, {"key": "k", "name": "n", "more": 1}])
def test_wrong_arguments_are_a_type_error(client, arguments):
    with pytest.raises(TypeError):
        client.add(**arguments)


def test_too_many_calls_in_one_request(client, binding):
    from django.core.signals import request_finished, request_started

    if binding == "loopback":
        pytest.skip("loopback is for tests, whose loops are their own affair")
    request_started.send(sender=None, environ={})
    try:
        for _ in range(20):
            client.totals(names=("x",))
        with pytest.raises(TooManyCalls, match=r"counter\.totals was called more than 20 times"):
            client.totals(names=("x",))
    finally:
        request_finished.send(sender=None)
    client.totals(names=("x",))
