"""Contracts say who publishes and who listens; which of them a host carries is a matter of its settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps

from strangler.contract import Events, Subscriptions
from strangler.errors import SetupError
from strangler.events.catalogue import (
    contracts,
    events_of,
    forget,
    inbox_of,
    needed_inbox,
    needed_outbox,
    outbox_of,
    subscribers_of,
    type_of,
    wanted_by,
)
from tests.bindings.counter import contract as counter
from tests.events.press import contract as press
from tests.events.reader import contract as reader

WRITTEN = "test.note.written.v1"
NOBODYS = "test.note.eaten.v1"


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def reader_alone(settings: Any) -> None:
    """The reader's own host, which carries the contract of the press."""
    settings.STRANGLER = settings.STRANGLER | {
        "HOST": "reader",
        "MONOLITH_URL": "http://127.0.0.1:9",
        "CONTRACTS": ["tests.events.press.contract", "tests.events.reader.contract"],
        "CAPABILITIES": {
            "reader": {"databases": {"service": "default"}, "routes": [{"prefix": "/api/reader/"}]},
            "press": {"internal_url": "http://127.0.0.1:9"},
        },
    }


def test_publisher_and_subscriber_are_found() -> None:
    assert events_of("press") is press.events
    assert wanted_by("reader") == {"press": {WRITTEN}}
    assert subscribers_of("press", WRITTEN) == ("reader",)
    assert type_of(WRITTEN) is press.events.types[WRITTEN]


def test_who_publishes_nothing_and_wants_nothing_is_no_mistake() -> None:
    assert events_of("reader") is None
    assert wanted_by("press") == {}
    assert subscribers_of("press", NOBODYS) == ()
    assert type_of(NOBODYS) is None


def test_contracts_of_others_count_as_well(reader_alone: None) -> None:
    """A subscriber's host knows the publisher's events; the publisher's app is not there."""
    assert contracts() == (press, reader)
    assert events_of("press") is press.events
    assert subscribers_of("press", WRITTEN) == ("reader",)


def test_contract_that_is_listed_and_own_is_read_once(settings: Any) -> None:
    settings.STRANGLER = settings.STRANGLER | {"CONTRACTS": ["tests.events.press.contract"]}
    assert contracts().count(press) == 1
    assert subscribers_of("press", WRITTEN) == ("reader",)


def test_subscribers_are_sorted(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Copies of an event are written in one order everywhere."""
    wanted = {"press": (WRITTEN,)}
    monkeypatch.setattr(counter, "subscriptions", Subscriptions("counter", wanted), raising=False)
    monkeypatch.setattr(counter, "others", Subscriptions("zoo", wanted), raising=False)
    settings.STRANGLER = settings.STRANGLER | {"CONTRACTS": ["tests.bindings.counter.contract"]}
    assert subscribers_of("press", WRITTEN) == ("counter", "reader", "zoo")


def test_tables_are_found_by_what_they_are() -> None:
    outbox, inbox = outbox_of("press"), inbox_of("reader")
    assert outbox is not None
    assert [model._meta.db_table for model in outbox] == ["press_outbox", "press_outbox_copy", "press_outbox_stream"]
    assert inbox is not None
    assert [model._meta.db_table for model in inbox] == ["reader_inbox", "reader_inbox_cursor"]


def test_app_without_tables_says_so_when_they_are_needed() -> None:
    assert (outbox_of("sample"), inbox_of("sample")) == (None, None)
    with pytest.raises(SetupError, match="sample has events and no concrete OutboxEvent, OutboxCopy and OutboxStream"):
        needed_outbox("sample")
    with pytest.raises(SetupError, match="sample has no concrete InboxMessage and InboxCursor"):
        needed_inbox("sample")


def test_some_of_the_tables_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an outbox would lose the order."""
    app = apps.get_app_config("press")
    models = [model for model in app.get_models() if model._meta.db_table != "press_outbox_stream"]
    monkeypatch.setattr(app, "get_models", lambda: models)
    assert outbox_of("press") is None


def test_changed_settings_are_read_anew(settings: Any) -> None:
    assert subscribers_of("press", WRITTEN) == ("reader",)
    capabilities = {name: conf for name, conf in settings.STRANGLER["CAPABILITIES"].items() if name != "reader"}
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": capabilities}
    assert subscribers_of("press", WRITTEN) == ()


def test_events_of_another_capability_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a package exports, the name of the capability counts."""
    stranger = Events("stranger")
    monkeypatch.setattr(reader, "events", stranger, raising=False)
    assert events_of("reader") is None
    assert events_of("stranger") is stranger
