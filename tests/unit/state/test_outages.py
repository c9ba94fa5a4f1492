"""Whether a database is gone or merely refuses decides whether another home may be asked instead."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, OperationalError
from django.test import RequestFactory
from psycopg import errors
from psycopg_pool import PoolTimeout

from strangler.proxy import StranglerMiddleware
from strangler.state.outages import is_outage

OUTAGES: list[Any] = [
    psycopg.OperationalError("connection refused"),
    PoolTimeout("couldn't get a connection after 10.00 sec"),
    errors.AdminShutdown(),
    errors.CrashShutdown(),
    errors.CannotConnectNow(),
    errors.TooManyConnections(),
    errors.ConnectionFailure(),
]
REFUSALS: list[Any] = [
    errors.DeadlockDetected(),
    errors.LockNotAvailable(),
    errors.QueryCanceled(),
    sqlite3.OperationalError("database is locked"),
    None,
]


def raised(kind: type[Exception], cause: BaseException | None) -> Exception:
    """Return the error as Django raises it."""
    error = kind("said by Django")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("cause", OUTAGES, ids=lambda cause: type(cause).__name__)
def test_server_that_is_gone_is_an_outage(cause: BaseException) -> None:
    assert is_outage(raised(OperationalError, cause))


@pytest.mark.parametrize("cause", REFUSALS, ids=lambda cause: type(cause).__name__)
def test_server_that_answers_is_none(cause: BaseException | None) -> None:
    assert not is_outage(raised(OperationalError, cause))
    assert not is_outage(raised(IntegrityError, cause))


def test_home_without_its_database_says_so_as_a_home_that_fails() -> None:
    """503 and not 500: a router, and Envoy, may ask whoever can stand in (R10)."""
    middleware = StranglerMiddleware(lambda request: None)  # type: ignore[arg-type, return-value]
    request = RequestFactory().post("/sample/x")
    answer = middleware.process_exception(request, raised(OperationalError, OUTAGES[0]))
    assert answer is not None
    assert (answer.status_code, b'"code": "home_unreachable"' in answer.content) == (503, True)  # type: ignore[attr-defined]
    assert not answer.has_header("Retry-After"), "a write may have been committed"
    assert middleware.process_exception(request, raised(OperationalError, REFUSALS[0])) is None
