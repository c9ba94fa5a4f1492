"""An app's handlers are found by the events that they take, and get them as the contract says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from strangler.contract import WireError
from strangler.errors import SetupError
from strangler.events import Handler, Received
from strangler.events.envelope import unseal
from strangler.events.handlers import handlers_of
from tests.events.press.contract import NoteWritten
from tests.events.reader import handlers
from tests.unit.events.letters import TYPE, id_of, letter

MODULE = handlers.__name__


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    handlers_of.cache_clear()
    yield
    handlers_of.cache_clear()


def test_handler_is_found_by_its_event() -> None:
    found = handlers_of("reader")
    assert set(found) == {TYPE}
    assert type(found[TYPE]) is handlers.Reading


def test_app_without_handlers_has_none() -> None:
    assert handlers_of("sample") == {}


def test_handler_gets_the_event_as_it_was_published() -> None:
    raw = letter(3, aggregate="b", previous=1)
    assert handlers.Reading().received(unseal(raw)) == Received(
        id=id_of(raw),
        type=TYPE,
        aggregate_id="b",
        sequence=3,
        happened_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        data=NoteWritten(aggregate="b", n=3),
    )


def test_handler_does_not_see_what_it_does_not_know() -> None:
    raw = letter(3, data={"aggregate": "a", "n": 3, "colour": "red"}, colour="red")
    assert handlers.Reading().received(unseal(raw)).data == NoteWritten(aggregate="a", n=3)


@pytest.mark.parametrize("data", [None, [], {}, {"aggregate": "a"}, {"aggregate": "a", "n": "3"}, "a", 3])
def test_payload_that_the_contract_does_not_know_is_refused(data: Any) -> None:
    with pytest.raises(WireError, match=TYPE.replace(".", r"\.")):
        handlers.Reading().received(unseal(letter(3, data=data)))


def test_handler_takes_declared_events_only() -> None:
    with pytest.raises(SetupError, match=r"int is no event: declare it with Events\(\.\.\.\)\.declare"):
        type("Broken", (Handler,), {}, to=(int,))


def test_gathering_is_optional_and_having_an_effect_is_not() -> None:
    class Idle(Handler, to=(NoteWritten,)):
        pass

    event = Idle().received(unseal(letter(1)))
    assert Idle().gather(event) is None
    with pytest.raises(NotImplementedError):
        Idle().apply(event, None)


def test_one_event_has_one_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    another = type("Another", (Handler,), {"__module__": MODULE}, to=(NoteWritten,))
    monkeypatch.setattr(handlers, "Another", another, raising=False)
    with pytest.raises(SetupError, match=rf"{MODULE}: {TYPE} has two handlers; one event type has one"):
        handlers_of("reader")


def test_imported_handlers_are_not_the_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of another module, and the base class itself, which every module imports."""

    class Elsewhere(Handler, to=(NoteWritten,)):
        pass

    monkeypatch.setattr(handlers, "Elsewhere", Elsewhere, raising=False)
    assert type(handlers_of("reader")[TYPE]) is handlers.Reading


def test_base_of_handlers_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = type("Shared", (Handler,), {"__module__": MODULE})
    monkeypatch.setattr(handlers, "Shared", shared, raising=False)
    assert set(handlers_of("reader")) == {TYPE}
