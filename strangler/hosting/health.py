"""
Is the process alive, has it started, should it get requests.

Only the process itself counts for liveness: a dead database must not make an orchestrator restart every host. The
broker never makes a host unready, for requests are answered without it; it is reported as degraded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from strangler.conf import get_conf
from strangler.fence import own_connection, owner_of, why_restored
from strangler.hosting import draining
from strangler.hosting.conf import get_hosting
from strangler.state.declared import objections

BROKER_TIMEOUT_S = 0.5
_log = structlog.stdlib.get_logger(__name__)
_began = time.monotonic()
_migrated: set[str] = set()

OK = "ok"
DEGRADED = "degraded"
DOWN = "down"


@never_cache
def livez(request: HttpRequest) -> JsonResponse:
    """Say that this process answers, and for how long it has been."""
    return JsonResponse({"status": OK, "uptime_s": round(time.monotonic() - _began, 1)})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether this host should get requests: 200 or 503, with each check's result."""
    checks = {"draining": _draining(), "database": _database(), "migrations": _migrations(), **_complete()}
    return _answer(checks, {"broker": _broker()})


@never_cache
def startupz(request: HttpRequest) -> JsonResponse:
    """Say whether the start is over: the tables are there."""
    return _answer({"migrations": _migrations()}, {})


def _answer(required: dict[str, str], optional: dict[str, str]) -> JsonResponse:
    ready = all(result == OK for result in required.values())
    healthy = ready and all(result in (OK, "off") for result in optional.values())
    status = OK if healthy else DEGRADED if ready else DOWN
    body: dict[str, Any] = {"status": status, "checks": {**required, **optional}}
    return JsonResponse(body, status=200 if ready else 503)


def _draining() -> str:
    return "going away" if draining.begun() else OK


def _checked(name: str, check: Callable[[], str]) -> str:
    """The result for whoever asks, the reason for the log: an address or a user name is nobody's business."""
    try:
        return check()
    except (DatabaseError, ImproperlyConfigured, OSError) as error:
        _log.warning("not healthy", check=name, reason=str(error))
        return "unreachable"


def _database() -> str:
    return _checked("database", _ask_database)


def _ask_database() -> str:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    restored = {name: why for name in get_conf().own_capabilities if (why := why_restored(own_connection(name), name))}
    for why in restored.values():
        _log.error("restored", reason=why)
    return f"restored ({', '.join(restored)}): run `strangler doctor`" if restored else OK


def _complete() -> dict[str, str]:
    """What is declared complete has to be; each home asks its own database, whatever becomes of the other's."""
    declared = any(known.complete for known in get_conf().capabilities.values())
    return {"complete": _checked("complete", _ask_complete)} if declared else {}


def _ask_complete() -> str:
    conf = get_conf()
    fenced = [name for name in conf.own_capabilities if conf.capabilities[name].complete and not _owns(name)]
    for name in fenced:
        _log.error("fenced", capability=name, reason="the control database was not known, or does not say complete")
    if fenced:
        return f"fenced ({', '.join(fenced)}): `manage.py check --database default` says what comes first"
    found = objections() if conf.side == "monolith" else {}
    for why in found.values():
        _log.error("not complete", reason=why)
    return "declared, and not so: `manage.py check --database default` says what comes first" if found else OK


def _owns(capability: str) -> bool:
    return owner_of(capability).owner == get_conf().side


def _migrations() -> str:
    return _checked("migrations", _plan_migrations)


def _plan_migrations() -> str:
    """Unapplied migrations are looked for until there is none: a running process cannot lose one."""
    if "default" not in _migrated:
        executor = MigrationExecutor(connections["default"])
        if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return f"{len(waiting)} not applied"
        _migrated.add("default")
    return OK


def _broker() -> str:
    return _checked("broker", _ask_broker) if get_hosting().broker_url else "off"


def _ask_broker() -> str:
    import redis

    client = redis.Redis.from_url(
        get_hosting().broker_url, socket_timeout=BROKER_TIMEOUT_S, socket_connect_timeout=BROKER_TIMEOUT_S
    )
    try:
        client.ping()
    except redis.RedisError as error:
        raise OSError(str(error)) from error
    finally:
        client.close()
    return OK
