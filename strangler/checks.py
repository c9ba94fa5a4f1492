"""System checks: every mistake in the settings at once, before the first request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks

import strangler.boundaries.checks  # noqa: F401  registers the checks of relations
from strangler.bindings.publication import faults
from strangler.conf import Conf, get_conf
from strangler.errors import SetupError
from strangler.events.checks import check_events
from strangler.state.declared import objections

MIDDLEWARE = "strangler.proxy.StranglerMiddleware"
# They change no request and no answer, and a forwarded request is to be observed, too.
_OBSERVERS = ("strangler.hosting.observe.", "opentelemetry.", "django_prometheus.")


@checks.register("strangler")
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report every fault of `settings.STRANGLER` and of what stands around it."""
    try:
        conf = get_conf()
    except SetupError as error:
        return [checks.Error(fault, id="strangler.E001") for fault in error.faults]
    found = [*_middleware(), *_apps(conf), *_databases(conf)]
    if any(message.is_serious() for message in found):
        return found  # what follows looks into the apps
    return found + (list(_contracts()) or list(check_events()))


@checks.register("strangler", checks.Tags.database)
def check_complete(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Refuse to migrate while something is declared complete and is not; what was there stays as it was."""
    try:
        conf = get_conf()
    except SetupError:
        return []  # strangler.E001 tells
    asked = databases and any(known.complete for known in conf.capabilities.values())
    return [checks.Error(why, id="strangler.E007") for why in objections().values()] if asked else []


def _middleware() -> Iterator[checks.CheckMessage]:
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield checks.Error(
            "The routing middleware is not installed.",
            hint=f"Put {MIDDLEWARE!r} first in MIDDLEWARE.",
            id="strangler.E002",
        )
        return
    before = settings.MIDDLEWARE[: settings.MIDDLEWARE.index(MIDDLEWARE)]
    for name in before:
        if not name.startswith(_OBSERVERS):
            yield checks.Warning(
                f"{name} stands before the routing middleware and works on forwarded requests as well.",
                hint=f"Put {MIDDLEWARE!r} first in MIDDLEWARE.",
                id="strangler.W001",
            )


def _apps(conf: Conf) -> Iterator[checks.CheckMessage]:
    for name in conf.own_capabilities:
        label = conf.capabilities[name].app
        if label not in apps.app_configs:
            yield checks.Error(
                f"Capability {name!r} names the app {label!r}, which is not installed in this host.",
                hint="Add it to INSTALLED_APPS, or correct STRANGLER['CAPABILITIES'].",
                id="strangler.E003",
            )


def _databases(conf: Conf) -> Iterator[checks.CheckMessage]:
    for name in conf.own_capabilities:
        alias = conf.database_of(name)
        entry = settings.DATABASES[alias or "default"]
        if entry["ENGINE"].endswith("sqlite3") and entry.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
            yield checks.Error(
                f"The database {alias!r} of {name!r} begins transactions without a lock: a switch could pass a writer.",
                hint="Set OPTIONS = {'transaction_mode': 'IMMEDIATE'} for SQLite.",
                id="strangler.E004",
            )
        elif not entry["ENGINE"].endswith(("sqlite3", "postgresql")):
            yield checks.Error(
                f"The database {alias!r} of {name!r} is {entry['ENGINE']}, which has no fence.",
                hint="Use PostgreSQL or SQLite.",
                id="strangler.E005",
            )


def _contracts() -> Iterator[checks.CheckMessage]:
    for fault in faults():
        yield checks.Error(fault, hint="The contract and the app's module `local` must agree.", id="strangler.E006")
