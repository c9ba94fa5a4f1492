"""What does not fit together about events is told before the first request, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.checks import run_checks

from strangler.contract import Events, Subscriptions
from strangler.events import Handler
from strangler.events.catalogue import forget
from strangler.events.checks import check_events
from strangler.events.handlers import handlers_of
from tests.bindings.counter import contract as counter
from tests.bindings.counter.local import LocalCounter
from tests.events.press import contract as press
from tests.events.reader import contract as reader
from tests.events.reader import handlers

WRITTEN = "test.note.written.v1"
TORN = "test.note.torn.v1"
HANDLERS = "tests.events.reader.handlers"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTorn:
    aggregate: str


def own(*names: str) -> dict[str, Any]:
    return {name: {"databases": {"monolith": "default"}, "routes": [{"prefix": f"/api/{name}/"}]} for name in names}


@pytest.fixture(autouse=True)
def press_and_reader(settings: Any) -> Iterator[None]:
    """A monolith that is home of both, and of nothing else."""
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": own("press", "reader")}
    handlers_of.cache_clear()
    yield
    forget()
    handlers_of.cache_clear()


def found() -> list[tuple[str, str]]:
    """Everything that the checks say: id and message."""
    forget()
    handlers_of.cache_clear()
    said = list(check_events())
    assert all(message.hint for message in said)
    return [(str(message.id).removeprefix("strangler."), message.msg) for message in said]


def declare(monkeypatch: pytest.MonkeyPatch, module: Any, owner: str, name: str, attribute: str = "events") -> None:
    """Let a contract declare events of *owner*: one with this name."""
    events = Events(owner)
    events.declare(name, aggregate="note", key="aggregate")(NoteTorn)
    monkeypatch.setattr(module, attribute, events, raising=False)


def subscribe(monkeypatch: pytest.MonkeyPatch, module: Any, subscriber: str, **wanted: tuple[str, ...]) -> None:
    monkeypatch.setattr(module, "subscriptions", Subscriptions(subscriber, wanted), raising=False)


def handle(monkeypatch: pytest.MonkeyPatch, payload: type) -> None:
    """Add a handler to the reader's."""
    monkeypatch.setattr(
        handlers, "Another", type("Another", (Handler,), {"__module__": HANDLERS}, to=(payload,)), False
    )


def test_what_fits_is_not_mentioned() -> None:
    assert found() == []


def test_contract_that_is_not_there_is_named(settings: Any) -> None:
    settings.STRANGLER = settings.STRANGLER | {"CONTRACTS": ["tests.events.absent.contract"]}
    assert found() == [("E007", "A contract cannot be read: No module named 'tests.events.absent'.")]


def test_contract_with_faults_is_named_with_each(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Foreign ones as well: this host takes their events."""
    (tmp_path / "faulty_contract.py").write_text(
        "from strangler.contract import Events\n\n\n"
        "class Torn: ...\n\n\n"
        "Events('faulty').declare('torn', aggregate='note', key='id')(Torn)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings.STRANGLER = settings.STRANGLER | {"CONTRACTS": ["faulty_contract"]}
    ids, said = zip(*found(), strict=True)
    assert ids == ("E007", "E007")
    assert said[0].startswith("A contract cannot be read: 'torn' is no name of an event")
    assert said[1] == "A contract cannot be read: torn: Torn must be a frozen dataclass."


def test_event_of_two_publishers_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, counter, "counter", WRITTEN)
    settings.STRANGLER = settings.STRANGLER | {"CONTRACTS": ["tests.bindings.counter.contract"]}
    assert found() == [("E008", f"The event '{WRITTEN}' is declared by counter and press.")]


def test_events_under_another_name_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped name would be nobody's; what was meant is missing, too."""
    declare(monkeypatch, press, "pres", WRITTEN)
    assert found() == [("E009", "The contract of 'press' declares Events of 'pres'.")]


def test_events_declared_twice_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first one is ever looked at."""
    declare(monkeypatch, press, "press", TORN, attribute="more")
    assert found() == [("E009", "The contract of 'press' declares Events of 'press', 'press'.")]


def test_subscriptions_under_another_name_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(monkeypatch, reader, "raeder", press=(WRITTEN,))
    assert found()[1:] == [
        ("E009", "The contract of 'reader' declares Subscriptions of 'raeder'."),
        ("E016", f"{HANDLERS} handles '{WRITTEN}', which 'reader' does not subscribe to: it will never come."),
    ]


def test_same_object_under_two_names_is_declared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "EVENTS", press.events, raising=False)
    assert found() == []


def test_publisher_without_tables_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, counter, "counter", TORN)
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": own("counter")}
    missing = "OutboxEvent, OutboxCopy, OutboxStream"
    assert found() == [("E010", f"'counter' declares events and has no table for them: {missing}.")]


def test_publisher_without_events_needs_no_tables(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "events", Events("counter"), raising=False)
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": own("counter")}
    assert found() == []


def test_subscriber_without_tables_is_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(monkeypatch, counter, "counter", press=(WRITTEN,))
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": own("counter", "press")}
    assert found() == [
        ("E012", "'counter' subscribes to events and has no table for them: InboxMessage, InboxCursor."),
        ("E015", f"'counter' subscribes to '{WRITTEN}' and does not handle it."),
    ]


@pytest.mark.parametrize(("host", "other"), [("press", "reader"), ("reader", "press")])
def test_capability_that_this_host_cannot_find_is_named(settings: Any, host: str, other: str) -> None:
    """A publisher could not deliver, a subscriber not confirm; a peer is enough for both."""
    alone = {host: {"databases": {"service": "default"}, "routes": [{"prefix": f"/api/{host}/"}]}}
    both = ["tests.events.press.contract", "tests.events.reader.contract"]
    service = settings.STRANGLER | {"HOST": host, "MONOLITH_URL": "http://127.0.0.1:9", "CONTRACTS": both}
    settings.STRANGLER = service | {"CAPABILITIES": alone}
    said = "'reader' subscribes to events of 'press', and this host does not know where it is."
    assert [id_ for id_, _ in found()] == ["E011"]
    assert said in found()[0][1]
    (message,) = check_events()
    assert f"add '{other}' to the peers" in str(message.hint).lower()
    settings.STRANGLER = service | {"CAPABILITIES": alone | {other: {"internal_url": "http://127.0.0.1:9"}}}
    assert found() == []


def test_subscription_to_what_nobody_publishes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(monkeypatch, reader, "reader", press=(WRITTEN, TORN))
    assert found() == [
        ("E013", f"'reader' subscribes to '{TORN}', which 'press' does not publish."),
        ("E015", f"'reader' subscribes to '{TORN}' and does not handle it."),
    ]


def test_publisher_whose_contract_is_not_here_is_believed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image may lack it; its own host knows."""
    subscribe(monkeypatch, reader, "reader", press=(WRITTEN, TORN))
    reading = {"reader": {"databases": {"service": "default"}, "routes": [{"prefix": "/api/reader/"}]}}
    settings.STRANGLER = settings.STRANGLER | {
        "HOST": "reader",
        "MONOLITH_URL": "http://127.0.0.1:9",
        "CAPABILITIES": reading | {"press": {"internal_url": "http://127.0.0.1:9"}},
    }
    assert [id_ for id_, _ in found()] == ["E015"]


def test_two_handlers_of_one_event_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    handle(monkeypatch, press.NoteWritten)
    assert found() == [
        (
            "E014",
            f"The handlers of 'reader' cannot be read: {HANDLERS}: {WRITTEN} has two handlers; one event type has one.",
        )
    ]


def test_subscription_without_handler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(handlers, "Reading")
    assert found() == [("E015", f"'reader' subscribes to '{WRITTEN}' and does not handle it.")]


def test_handler_without_subscription_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, press, "press", TORN, attribute="other")
    handle(monkeypatch, NoteTorn)
    assert (
        "E016",
        f"{HANDLERS} handles '{TORN}', which 'reader' does not subscribe to: it will never come.",
    ) in found()


def test_checks_of_events_are_checks_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(handlers, "Reading")
    forget()
    handlers_of.cache_clear()
    assert [message.id for message in run_checks(tags=["strangler"])] == ["strangler.E015"]


def test_warning_hides_no_error(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(handlers, "Reading")
    forget()
    handlers_of.cache_clear()
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware", *settings.MIDDLEWARE]
    assert [message.id for message in run_checks(tags=["strangler"])] == ["strangler.W001", "strangler.E015"]


def test_broken_contract_is_told_before_its_events(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """One fault, one message: what stands on it is not looked at."""
    settings.STRANGLER = settings.STRANGLER | {"CAPABILITIES": own("counter", "press", "reader")}
    monkeypatch.delattr(LocalCounter, "slow")
    monkeypatch.delattr(handlers, "Reading")
    forget()
    handlers_of.cache_clear()
    assert [message.id for message in run_checks(tags=["strangler"])] == ["strangler.E006"]
