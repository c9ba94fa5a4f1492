"""What an app does about the events of others: its module `handlers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from django.core.signals import setting_changed

from strangler.contract import EventType, event_type_of
from strangler.errors import SetupError
from strangler.events.catalogue import app_of
from strangler.events.envelope import Envelope

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """
    An event as its handler gets it.

    Attributes:
        id: the same in every copy.
        aggregate_id: what it is about; the events of one are handled in the order of *sequence*.
        happened_at: when it was published, by the publisher's clock.
        data: the payload.
    """

    id: str
    type: str
    aggregate_id: str
    sequence: int
    happened_at: datetime
    data: E


class Handler:
    """
    Handles events of one or more types: `class Availability(Handler, to=(StockOut, BackInStock))`.

    An app's module `handlers` holds its handlers; one event type has one handler in an app.
    """

    types: Mapping[str, EventType] = {}

    def __init_subclass__(cls, *, to: tuple[type, ...] = (), **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.types = {kind.name: kind for kind in map(event_type_of, to)}

    def gather(self, event: Received[Any]) -> Any:
        """
        Ask others for what *apply* needs, outside of any transaction; it may run more often than *apply*.

        Returns:
            Whatever *apply* takes.
        """
        return None

    def apply(self, event: Received[Any], gathered: Any) -> None:
        """Have the effect, inside the one transaction that remembers it; calls of others are refused here (R12)."""
        raise NotImplementedError

    def received(self, envelope: Envelope) -> Received[Any]:
        """
        Return the event that an envelope holds.

        Raises:
            WireError: its payload is not what the contract says.
        """
        return Received(
            envelope.id,
            envelope.type,
            envelope.subject,
            envelope.number,
            envelope.time,
            self.types[envelope.type].decode(bytes(envelope.data)),
        )


@lru_cache(maxsize=64)
def handlers_of(capability: str) -> Mapping[str, Handler]:
    """
    Return what an app of this host does about events: name of the type to handler.

    Raises:
        SetupError: two handlers take one type.
    """
    name = f"{app_of(capability).name}.handlers"
    module = import_module(name) if find_spec(name) else None
    found: dict[str, Handler] = {}
    for kind in vars(module or object).values():
        if isinstance(kind, type) and issubclass(kind, Handler) and kind.__module__ == name:
            if twice := found.keys() & kind.types.keys():
                raise SetupError([f"{name}: {', '.join(sorted(twice))} has two handlers; one event type has one."])
            found |= dict.fromkeys(kind.types, kind())
    return found


def _forget(*, setting: str, **_: Any) -> None:
    if setting in {"STRANGLER", "INSTALLED_APPS"}:
        handlers_of.cache_clear()


setting_changed.connect(_forget)
