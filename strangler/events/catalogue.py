"""Who publishes what, who wants to hear of it, and which tables of an app hold it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from django.apps import AppConfig, apps
from django.core.signals import setting_changed
from django.db import models

from strangler.conf import get_conf
from strangler.contract import Events, EventType, Subscriptions
from strangler.contract.package import declared, package_of
from strangler.errors import SetupError
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream


class Outbox(NamedTuple):
    """The tables of a publisher."""

    event: type[OutboxEvent]
    copy: type[OutboxCopy]
    stream: type[OutboxStream]


class Inbox(NamedTuple):
    """The tables of a subscriber."""

    message: type[InboxMessage]
    cursor: type[InboxCursor]


@lru_cache(maxsize=256)
def outbox_of(capability: str) -> Outbox | None:
    """Return the outbox of an app of this host; None when it has none."""
    app = app_of(capability)
    event, copy, stream = (_table(app, kind) for kind in (OutboxEvent, OutboxCopy, OutboxStream))
    return Outbox(event, copy, stream) if event and copy and stream else None


@lru_cache(maxsize=256)
def inbox_of(capability: str) -> Inbox | None:
    """Return the inbox of an app of this host; None when it has none."""
    app = app_of(capability)
    message, cursor = _table(app, InboxMessage), _table(app, InboxCursor)
    return Inbox(message, cursor) if message and cursor else None


def needed_outbox(capability: str) -> Outbox:
    """
    Return the outbox of an app of this host.

    Raises:
        SetupError: it has none.
    """
    found = outbox_of(capability)
    if found is None:
        raise SetupError([f"{capability} has events and no concrete OutboxEvent, OutboxCopy and OutboxStream."])
    return found


def needed_inbox(capability: str) -> Inbox:
    """
    Return the inbox of an app of this host.

    Raises:
        SetupError: it has none.
    """
    found = inbox_of(capability)
    if found is None:
        raise SetupError([f"{capability} has no concrete InboxMessage and InboxCursor."])
    return found


@lru_cache(maxsize=256)
def events_of(capability: str) -> Events | None:
    """Return what the capability publishes, as far as this host carries its contract."""
    found = (e for module in contracts() for e in declared(module, Events) if e.capability == capability)
    return next(found, None)


@lru_cache(maxsize=1024)
def subscribers_of(publisher: str, event_type: str) -> tuple[str, ...]:
    """Return the capabilities that want to hear of an event of *publisher*, in the order of their names."""
    return tuple(
        sorted(
            subscriptions.subscriber
            for module in contracts()
            for subscriptions in declared(module, Subscriptions)
            if event_type in subscriptions.wanted.get(publisher, ())
        )
    )


@lru_cache(maxsize=256)
def wanted_by(capability: str) -> Mapping[str, frozenset[str]]:
    """Return what the capability wants to hear of: publisher to names of event types."""
    for module in contracts():
        for subscriptions in declared(module, Subscriptions):
            if subscriptions.subscriber == capability:
                return subscriptions.wanted
    return {}


def type_of(name: str) -> EventType | None:
    """Return an event type by its name, as far as this host carries its contract."""
    for module in contracts():
        for events in declared(module, Events):
            if name in events.types:
                return events.types[name]
    return None


@lru_cache(maxsize=1)
def contracts() -> tuple[ModuleType, ...]:
    """Return the packages `contract` of the platform: those that the settings list, and those of this host's apps."""
    conf = get_conf()
    own = [package_of(app_of(name).name, conf.capabilities[name].contract) for name in conf.own_capabilities]
    listed = [import_module(name) for name in conf.contracts]
    return tuple({module.__name__: module for module in (*listed, *own) if module}.values())


def app_of(capability: str) -> AppConfig:
    """Return the app of a capability of this host."""
    return apps.get_app_config(get_conf().capabilities[capability].app)


def _table(app: AppConfig, kind: type[models.Model]) -> Any:
    return next((model for model in app.get_models() if issubclass(model, kind)), None)


def forget(*, setting: str = "STRANGLER", **_: Any) -> None:
    """Read everything anew after the settings have changed."""
    if setting in {"STRANGLER", "INSTALLED_APPS"}:
        for known in (outbox_of, inbox_of, events_of, subscribers_of, wanted_by, contracts):
            known.cache_clear()


setting_changed.connect(forget)
