"""Events: what a capability says has happened, and who wants to hear of it; read once, when they are declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from strangler.contract.codec import UNREADABLE, WireError, encode
from strangler.contract.types import faults, fields_of
from strangler.errors import SetupError

P = TypeVar("P", bound=type)
NAME_LENGTH_MAX = 100
# Reverse-DNS-like names with the version last, as CloudEvents 1.0 recommends for `type`.
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]*")
_AGGREGATE = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = frozenset({str, int, UUID})
_DECLARED = "_strangler_event"


@dataclass(frozen=True)
class EventType:
    """
    One kind of event.

    Attributes:
        name: CloudEvents' `type`, such as `shop.stock.out.v1`; an incompatible change takes a new one.
        capability: who publishes it.
        aggregate: what kind of thing it is about; events about one thing are handled in order.
        key: the field of the payload that identifies that thing.
        payload: a frozen dataclass.
    """

    name: str
    capability: str
    aggregate: str
    key: str
    payload: type

    def aggregate_id(self, happened: object) -> str:
        """Return which thing *happened* is about."""
        return str(getattr(happened, self.key))

    def encode(self, happened: object) -> bytes:
        """Return the payload as JSON. Raises WireError: a field is of a type that cannot cross a border."""
        return encode(happened)

    def decode(self, raw: bytes) -> Any:
        """
        Return the payload; fields that are not known are ignored, for publishers may be newer.

        Raises:
            WireError: it is of another type.
        """
        try:
            return self._decoder.decode(raw)
        except UNREADABLE as error:
            raise WireError(f"{self.name}: {error}") from error

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self.payload)


class Events:
    """
    The events that a capability publishes: `events = Events("inventory")` in its contract.

    Each is declared on its payload, a frozen dataclass:

        @events.declare("shop.stock.out.v1", aggregate="stock", key="sku")
        @dataclass(frozen=True, slots=True, kw_only=True)
        class StockOut: ...
    """

    def __init__(self, capability: str) -> None:
        self.capability = capability
        self.types: dict[str, EventType] = {}

    def declare(self, name: str, *, aggregate: str, key: str) -> Callable[[P], P]:
        """
        Declare the payload of an event.

        Args:
            name: ends in its version, such as `shop.stock.out.v1`.
            aggregate: what kind of thing it is about.
            key: the field that identifies that thing: a str, an int or a UUID.

        Raises:
            SetupError: with everything that is wrong with it.
        """

        def decorate(payload: P) -> P:
            found = [*_name_faults(name, aggregate, self.types), *_payload_faults(name, payload, key)]
            if found:
                raise SetupError(found)
            kind = EventType(name, self.capability, aggregate, key, payload)
            self.types[name] = kind
            setattr(payload, _DECLARED, kind)
            return payload

        return decorate


class Subscriptions:
    """
    What a capability wants to hear of others: publisher to names of event types.

    It belongs to the subscriber's contract, so that a publisher's image needs nothing else of it.
    """

    def __init__(self, subscriber: str, wanted: Mapping[str, Collection[str]]) -> None:
        """
        Say what *subscriber* wants.

        Raises:
            SetupError: a publisher's names are one text instead of a tuple.
        """
        if texts := [publisher for publisher, names in wanted.items() if isinstance(names, str)]:
            raise SetupError([f"{subscriber} subscribes to letters of {one}: write a tuple of names." for one in texts])
        self.subscriber = subscriber
        self.wanted = {publisher: frozenset(names) for publisher, names in wanted.items()}


def event_type_of(payload: type) -> EventType:
    """
    Return what *payload* was declared as.

    Raises:
        SetupError: it is no event.
    """
    kind: EventType | None = payload.__dict__.get(_DECLARED)
    if kind is None:
        raise SetupError([f"{payload.__name__} is no event: declare it with Events(...).declare in a contract."])
    return kind


def _name_faults(name: str, aggregate: str, known: Mapping[str, EventType]) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"{name!r} is no name of an event: small words joined by dots, its version last, as in a.b.v1."
    if not _AGGREGATE.fullmatch(aggregate):
        yield f"{name}: {aggregate!r} is no name of an aggregate: one small word, as in stock_item."
    if max(len(name), len(aggregate)) > NAME_LENGTH_MAX:
        yield f"{name}: names of events and aggregates have at most {NAME_LENGTH_MAX} characters."
    if name in known:
        yield f"{name!r} is declared twice: by {known[name].payload.__name__} already."


def _payload_faults(name: str, payload: type, key: str) -> Iterator[str]:
    if not is_dataclass(payload):
        yield f"{name}: {payload.__name__} must be a frozen dataclass."
        return
    yield from faults(payload, name)
    kinds = fields_of(payload)
    if key not in kinds:
        yield f"{name}: the key names {key!r}, which is no field of {payload.__name__}."
    elif kinds[key] not in _KEYS:
        yield f"{name}: the key {key!r} must be a str, an int or a UUID: the order of events depends on its text."
