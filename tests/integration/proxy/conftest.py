from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from strangler.conf import get_conf
from strangler.cutover import ownership
from strangler.fence import after_migrate, fence_of, tables_of
from strangler.models import Stream
from strangler.proxy import hops
from strangler.routing import Decision, Route
from strangler.state import Change, Owned, publish, waiting
from strangler.transport import client
from tests.integration.proxy import views
from tests.integration.proxy.upstream import Upstream

DATABASES = ["default", "sample_service"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


def hand_back(owner: str, epoch: int, capability: str = "sample") -> bytes:
    """Return the bytes by which a home hands a request back."""
    answer = hops.HandBack(capability, owner, epoch)
    fields = "".join(f"{name}: {value}\r\n" for name, value in answer.items())
    return f"HTTP/1.1 421 Misdirected Request\r\n{fields}\r\n".encode()


def _run_in_thread(target: Callable[[], None]) -> None:
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()


@dataclass
class Platform:
    """This process as one home of `sample`; the other home is an upstream that records what it gets."""

    settings: Any
    upstream: Upstream

    @property
    def home(self) -> str:
        return str(get_conf().home_of("sample"))

    @property
    def client(self) -> Client:
        return Client(raise_request_exception=False)

    def configure(self, **changes: Any) -> None:
        self.settings.STRANGLER = {**self.settings.STRANGLER, **changes}

    def be_the_service(self) -> None:
        """Let this process be the service, and the upstream the monolith."""
        entry = {**self.settings.STRANGLER["CAPABILITIES"]["sample"], "databases": {"service": "default"}}
        self.configure(HOST="sample", MONOLITH_URL=self.upstream.url, CAPABILITIES={"sample": entry})

    def table_says(self, **values: Any) -> None:
        """Publish a change of the table, which routers believe whatever the rows say."""
        publish(Change("sample", values, verb="test", actor="test"))

    def row_says(self, owner: str, epoch: int) -> None:
        """Set this home's own row, and its fence accordingly, as a switch does."""
        connection = connections["default"]
        before = ownership.read_ownership(connection, "sample")
        if owner == self.home:
            with ownership.short_transaction(connection):
                tables = tables_of("sample")
                ownership.Admission(connection, "sample", tables).commit(before[:2], Owned(owner, epoch, "test"))
        else:
            new = Owned(owner, epoch, "test")
            ownership.close(
                connection, "sample", tables_of("sample"), before[:2], new, lock_ms=1000, drain=lambda: None
            )

    def rows_flow(self, source: str) -> None:
        """Let a stream bring rows from *source* to the other home, with nothing waiting."""
        target = "service" if source == "monolith" else "monolith"
        Stream.objects.all().delete()
        Stream.objects.create(capability="sample", source=source, target=target, kind="keylog", state=Stream.STREAMING)

    def midway(self, happens: Callable[[], None]) -> None:
        """Let something happen in the middle of the next view, as the mover would: on a connection of its own."""

        def elsewhere() -> None:
            happens()
            connections.close_all()

        views.midway.append(lambda: _run_in_thread(elsewhere))

    def hop(
        self, *, epoch: int, kind: str = "write", reason: str = "writer", left_s: float = 1.0, **changes: Any
    ) -> str:
        """Return the token of a request that the other home forwards."""
        route = Route("sample", "/sample/")
        to = changes.get("home", self.home)
        decision = Decision("sample", to, kind, reason, epoch, False, route)  # type: ignore[arg-type]
        return hops.hop_token(decision, epoch, left_s)


@pytest.fixture
def platform(transactional_db: None, settings: Any, upstream: Upstream) -> Iterator[Platform]:
    """The settings come after the database, and go first: what flushes it gives rows to the capabilities of then."""
    settings.ROOT_URLCONF = "tests.integration.proxy.views"
    settings.MIDDLEWARE = [
        "strangler.proxy.StranglerMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    entry = {**settings.STRANGLER["CAPABILITIES"]["sample"], "service_url": upstream.url}
    platform = Platform(settings, upstream)
    platform.configure(CAPABILITIES={"sample": entry}, SWITCH_WAIT_S=0.3, CONNECT_TIMEOUT_S=0.3, UPSTREAM_TIMEOUT_S=2)
    after_migrate("default")
    waiting._rooms.clear()  # they remember epochs, which go back between tests only
    yield platform
    client.close_upstreams()
    views.midway.clear()
    with ownership.short_transaction(connections["default"]):
        fence_of(connections["default"]).disable(tables_of("sample"))
