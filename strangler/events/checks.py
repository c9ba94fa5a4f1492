"""System checks of events: whether what this host declares, stores, handles and is to deliver fits together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from django.core import checks
from django.db import models

from strangler.conf import get_conf
from strangler.contract import Events, Subscriptions
from strangler.contract.package import declared, package_of
from strangler.errors import SetupError
from strangler.events.catalogue import app_of, contracts, events_of, wanted_by
from strangler.events.handlers import handlers_of
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream

_OUTBOX = (OutboxEvent, OutboxCopy, OutboxStream)
_INBOX = (InboxMessage, InboxCursor)


def check_events() -> Iterator[checks.CheckMessage]:
    """Yield what is wrong with the events of this host's own apps."""
    try:
        contracts()
    except (SetupError, ModuleNotFoundError) as error:
        for fault in getattr(error, "faults", [f"{error}."]):
            yield checks.Error(
                f"A contract cannot be read: {fault}",
                hint="Correct it, or its name in STRANGLER['CONTRACTS'].",
                id="strangler.E007",
            )
        return
    yield from _publishers()
    for capability in get_conf().own_capabilities:
        yield from _names(capability)
        yield from _publishing(capability)
        yield from _subscribing(capability)
        yield from _handling(capability)


def _publishers() -> Iterator[checks.CheckMessage]:
    """One type of event has one publisher on the whole platform."""
    owners: dict[str, set[str]] = defaultdict(set)
    for events in (events for package in contracts() for events in declared(package, Events)):
        for name in events.types:
            owners[name].add(events.capability)
    for name, found in sorted(owners.items()):
        if len(found) > 1:
            yield checks.Error(
                f"The event {name!r} is declared by {' and '.join(sorted(found))}.",
                hint="An event belongs to one capability: give the other one a name of its own.",
                id="strangler.E008",
            )


def _names(capability: str) -> Iterator[checks.CheckMessage]:
    """What a contract declares for another capability, or a second time, nobody would ever look at."""
    package = package_of(app_of(capability).name)
    said = {
        "Events": [events.capability for events in declared(package, Events)],
        "Subscriptions": [subscriptions.subscriber for subscriptions in declared(package, Subscriptions)],
    }
    for kind, names in said.items():
        if names and names != [capability]:
            yield checks.Error(
                f"The contract of {capability!r} declares {kind} of {', '.join(map(repr, names))}.",
                hint=f"A contract declares one {kind}, and names its own capability.",
                id="strangler.E009",
            )


def _publishing(capability: str) -> Iterator[checks.CheckMessage]:
    events = events_of(capability)
    if events is None or not events.types:
        return
    if missing := _missing(capability, _OUTBOX):
        yield checks.Error(
            f"{capability!r} declares events and has no table for them: {missing}.",
            hint="Add one concrete model of each to the app's models, and migrate (strangler.events.records).",
            id="strangler.E010",
        )
    known = (one for package in contracts() for one in declared(package, Subscriptions))
    subscribers = {subscriptions.subscriber for subscriptions in known if capability in subscriptions.wanted}
    for subscriber in sorted(subscribers - get_conf().capabilities.keys()):
        yield checks.Error(
            f"{subscriber!r} subscribes to events of {capability!r}, and this host does not know where it is.",
            hint=f"Add {subscriber!r} to the peers of this host: STRANGLER['CAPABILITIES'] with its 'internal_url'.",
            id="strangler.E011",
        )


def _subscribing(capability: str) -> Iterator[checks.CheckMessage]:
    wanted = wanted_by(capability)
    if wanted and (missing := _missing(capability, _INBOX)):
        yield checks.Error(
            f"{capability!r} subscribes to events and has no table for them: {missing}.",
            hint="Add one concrete model of each to the app's models, and migrate (strangler.events.records).",
            id="strangler.E012",
        )
    for publisher, names in wanted.items():
        if publisher not in get_conf().capabilities:
            yield checks.Error(
                f"{capability!r} subscribes to events of {publisher!r}, and this host does not know where it is.",
                hint=f"Correct the name, or add {publisher!r} to the peers of this host: STRANGLER['CAPABILITIES'] "
                "with its 'internal_url'.",
                id="strangler.E011",
            )
        events = events_of(publisher)
        for name in sorted(names - events.types.keys()) if events else ():
            yield checks.Error(
                f"{capability!r} subscribes to {name!r}, which {publisher!r} does not publish.",
                hint="Correct the name, or let the publisher declare it first.",
                id="strangler.E013",
            )


def _handling(capability: str) -> Iterator[checks.CheckMessage]:
    try:
        handled = handlers_of(capability).keys()
    except SetupError as error:
        for fault in error.faults:
            yield checks.Error(
                f"The handlers of {capability!r} cannot be read: {fault}",
                hint="A handler takes declared events, and one handler takes each.",
                id="strangler.E014",
            )
        return
    wanted = {name for names in wanted_by(capability).values() for name in names}
    module = f"{app_of(capability).name}.handlers"
    for name in sorted(wanted - handled):
        yield checks.Error(
            f"{capability!r} subscribes to {name!r} and does not handle it.",
            hint=f"Write a Handler for it in {module}, or end the subscription.",
            id="strangler.E015",
        )
    for name in sorted(handled - wanted):
        yield checks.Error(
            f"{module} handles {name!r}, which {capability!r} does not subscribe to: it will never come.",
            hint="Add it to the Subscriptions of the contract, or take the handler away.",
            id="strangler.E016",
        )


def _missing(capability: str, kinds: Collection[type[models.Model]]) -> str:
    known = tuple(app_of(capability).get_models())
    return ", ".join(kind.__name__ for kind in kinds if not any(issubclass(model, kind) for model in known))
