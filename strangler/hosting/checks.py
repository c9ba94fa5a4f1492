"""System checks that need the views: which writes are not one atomic block (R4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.urls import URLPattern, URLResolver, get_resolver

from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.routing import CapabilityState, Facts, Table, decide
from strangler.state import routes_of

_UNSAFE_METHODS = ("POST", "PUT", "PATCH", "DELETE")


class WriteHandler(NamedTuple):
    """The code that answers one unsafe method of one URL pattern."""

    capability: str
    method: str
    path: str
    code: Callable[..., Any]


@checks.register(checks.Tags.urls)
def check_atomic_writes(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Name every write whose effects are not one atomic block: it cannot be forwarded once it has begun to commit."""
    try:
        conf = get_conf()
    except SetupError:
        return []  # strangler.E001 tells
    return [
        checks.Warning(
            f"{handler.method} {handler.path} writes {handler.capability!r} outside of one atomic block.",
            hint="Decorate the handler with `one_transaction` or `idempotent`, or set ATOMIC_REQUESTS: otherwise a "
            "request met by a switch ends as 503 `moved_midway` instead of being forwarded (R4).",
            obj=handler.code,
            id="strangler.W002",
        )
        for handler in write_handlers()
        if not settings.DATABASES[conf.database_of(handler.capability) or "default"].get("ATOMIC_REQUESTS")
        and not getattr(handler.code, "strangler_atomic", False)
    ]


def write_handlers() -> Iterator[WriteHandler]:
    """Yield what answers the write routes of this host's capabilities."""
    conf = get_conf()
    table = Table(0, [CapabilityState(name) for name in conf.own_capabilities], routes_of(conf))
    for path, view in _views(get_resolver().url_patterns, "/"):
        for method in _UNSAFE_METHODS:
            decision = decide(table, Facts(method, "", path))
            if decision and decision.kind == "write" and (code := _code_for(view, method)):
                yield WriteHandler(decision.capability, method, path, code)


def _views(patterns: Sequence[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _views(entry.url_patterns, path)
        else:
            yield path, entry.callback


def _code_for(view: Any, method: str) -> Callable[..., Any] | None:
    """A class names its methods; of a function nothing is known, so it may answer any of them."""
    view_class = getattr(view, "view_class", getattr(view, "cls", None))
    if view_class is None:
        return view  # type: ignore[no-any-return]
    actions: dict[str, str] | None = getattr(view, "actions", None)
    name = method.lower() if actions is None else actions.get(method.lower(), "")
    return getattr(view_class, name, None) if name else None
