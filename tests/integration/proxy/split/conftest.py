"""Two real homes whose reads are split, and clients that remember what their browsers would."""

from __future__ import annotations

import http.client
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest

from strangler.conf import Home
from strangler.state.streams import stream_name
from tests.support.fixtures import StartPlatform, cluster, start_platform, unwound_by_sigterm, valkey
from tests.support.platform import FAULTY_SETTINGS, Kind, Platform
from tests.support.processes import eventually

__all__ = ["cluster", "start_platform", "unwound_by_sigterm", "valkey"]
PRODUCTS = "/api/catalog/products"


class Answer(NamedTuple):
    """What a door has answered; *home* is who says that it served."""

    status: int
    home: str | None
    fallback: str | None
    body: bytes


class Browser:
    """
    A client that keeps cookies, and talks to both doors of one platform.

    Args:
        staff: carries the token of somebody who may write.
    """

    def __init__(self, platform: Platform, *, staff: bool) -> None:
        self.platform = platform
        self.cookies: dict[str, str] = {}
        self.token = platform.token if staff else None

    def ask(self, door: str, method: str, path: str, body: Any = None) -> Answer:
        """Send one request, and keep the cookies of its answer."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(urlsplit(self.platform.doors[door]).netloc, timeout=30)
        with closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
        for value in answer.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(value).items()}
        marks = answer.headers
        return Answer(answer.status, marks["Strangler-Home"], marks["Strangler-Fallback"], content)

    def write(self, door: str) -> str:
        """Make a product and return its path."""
        slug = uuid.uuid4().hex
        answer = self.ask(door, "POST", PRODUCTS, {"slug": slug, "name": slug})
        assert answer.status == 201, answer
        return f"{PRODUCTS}/{json.loads(answer.body)['id']}"

    def read(self, door: str, path: str = PRODUCTS) -> Answer:
        """Read something."""
        return self.ask(door, "GET", path)


@contextmanager
def stopped(platform: Platform, target: Home) -> Iterator[None]:
    """Bring no row to *target* until the block ends."""
    if platform.kind == "sqlite":
        with closing(sqlite3.connect(platform.homes[target], isolation_level=None, timeout=10)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")
        return
    name = stream_name("catalog", target)
    with psycopg.connect(platform.homes[target], autocommit=True) as connection:
        connection.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
        eventually(lambda: _is_idle(connection, name), what="the subscription stands still")
        try:
            yield
        finally:
            with suppress(psycopg.errors.UndefinedObject):
                connection.execute(f"ALTER SUBSCRIPTION {name} ENABLE")


def _is_idle(connection: psycopg.Connection[Any], name: str) -> bool:
    sql = """SELECT 1 FROM pg_stat_subscription a JOIN pg_subscription s ON s.oid = a.subid
             JOIN pg_database d ON d.oid = s.subdbid AND d.datname = current_database()
             WHERE a.subname = %s AND a.pid IS NOT NULL"""
    return connection.execute(sql, [name]).fetchone() is None


@contextmanager
def split(start: StartPlatform, kind: Kind, **variables: str) -> Iterator[Platform]:
    """Run a platform all of whose subjects read from the service."""
    with start(kind, products=20, settings=FAULTY_SETTINGS, **variables) as platform:
        platform.strangler("prepare", "catalog")
        platform.strangler("shift-reads", "catalog", "100")
        yield platform


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform) -> Iterator[Platform]:
    """Each kind of platform in turn."""
    with split(start_platform, request.param) as running:
        yield running


@pytest.fixture
def browser(platform: Platform) -> Callable[..., Browser]:
    """Returns a client whose share the service answers by now, at both doors."""

    def make(*, staff: bool = False) -> Browser:
        made = Browser(platform, staff=staff)
        for door in ("monolith", "service"):
            eventually(lambda door=door: made.read(door).home == "service", what=f"the copy is read at the {door}")
        return made

    return make
