"""Random tables and requests for edges of Kubernetes, and where the oracle leads them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from strangler.routing import CapabilityState, Route, Table
from tests.conformance.oracle import home_of

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
SEGMENTS = ("api", "apis", "a", "ab", "catalog", "metrics", "café", "x y", "a+b")
HOSTS = ("shop.example", "bank.example", "www.shop.example")
NAMES = ("catalog", "stock_levels", "orders", "payments")
STAGES = ("monolith", "synced", "canary", "extracted", "complete")
COOKIES = (
    "sessionid=x1",
    "a=b; sessionid=x1; c=d",
    "xsessionid=1",
    "a=sessionid",
    "sessionid",
    "csrftoken=t;sessionid=y",
)


@dataclass(frozen=True)
class Request:
    """A request as it stands on the wire; header names are in lower case."""

    method: str
    host: str
    target: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_session(self) -> bool:
        """Whether the session's cookie is among those sent (RFC 6265 4.2.1)."""
        pairs = self.headers.get("cookie", "").split(";")
        return any(pair.strip(" ").startswith("sessionid=") for pair in pairs)


class Answer(NamedTuple):
    """Where a request goes, and with what: a Service's name, namespace and port; or the status that it is answered."""

    status: int | None = None
    backend: tuple[str, str, int] | None = None
    headers: frozenset[str] = frozenset()
    timeout_s: float | None = None


def random_table(rng: random.Random) -> Table:
    """Return a table in which no method of a prefix is claimed twice."""
    states = [_state(rng, name) for name in rng.sample(NAMES, rng.randint(1, len(NAMES)))]
    routes, claimed = [], set()
    for _ in range(rng.choice((1, 3, 8, 40))):
        segments = [rng.choice(SEGMENTS) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
        host = rng.choice((None, None, None, *HOSTS[:2]))
        methods = frozenset(rng.sample(METHODS, rng.randint(1, 4))) if rng.random() < 0.4 else None
        claims = {(host, tuple(segments), method) for method in methods or ("*",)}
        if claims & claimed:
            continue
        claimed |= claims
        prefix = "/" + "/".join(segments) + rng.choice(("", "/")) * bool(segments)
        timeout_s = rng.choice((None, None, 2.5, 45.0, 0.25))
        name = rng.choice(states).name
        routes.append(Route(name, prefix, host, methods, rng.choice((None, None, "read")), timeout_s=timeout_s))
    return Table(rng.randint(1, 999), states, routes)


def _state(rng: random.Random, name: str) -> CapabilityState:
    stage = rng.choice(STAGES)
    writer = "service" if stage in ("extracted", "complete") else "monolith"
    weight = rng.choice((100, 2_500, 10_000)) if stage == "canary" else 0
    return CapabilityState(name, stage, weight, writer, rng.randint(1, 9))


def random_request(rng: random.Random, table: Table) -> Request:
    """Return a request that is often near a border of a route."""
    prefix = rng.choice(table.routes).prefix if rng.random() < 0.7 else "/" + "/".join(rng.choices(SEGMENTS, k=2))
    path = prefix.rstrip("/") + rng.choice(("", "", "/", "/x", "x", "/a/b", "//a", "/metrics", "%"))
    path = path if path.startswith("/") else "/" + path
    headers = dict.fromkeys(("accept", "strangler-override", "strangler-hop", "strangler-identity"), "1")
    if rng.random() < 0.5:
        headers["cookie"] = rng.choice(COOKIES)
    return Request(
        method=rng.choice((*METHODS, "GET", "POST", "TRACE", "PROPFIND")),
        host=rng.choice((*HOSTS, "other.example")) + rng.choice(("", ":8443")),
        target=quote(path, safe="/+") + rng.choice(("", "?q=/api/catalog")),
        path=path,
        headers=headers,
    )


def expected_route(table: Table, request: Request) -> Route | None:
    """Return the route whose timeout holds, by trying them all: it must be of the capability that the oracle names."""
    host, asked = request.host.partition(":")[0], request.path.split("/")[1:]
    fitting = []
    for route in table.routes:
        wanted = [segment for segment in route.prefix.split("/") if segment]
        if (
            asked[: len(wanted)] == wanted
            and route.host in (None, host)
            and (route.methods is None or request.method in route.methods)
        ):
            fitting.append(((len(wanted), route.host is not None, route.methods is not None), route))
    return max(fitting, key=lambda one: one[0])[1] if fitting else None


def expected_home(table: Table, request: Request) -> tuple[str, str] | None:
    """
    Return capability and home of a request as an edge must see it that cannot tell subjects; None: nobody's.

    Who has a session is known to the monolith alone, which forwards what is not its own (R22).
    """
    host = request.host.partition(":")[0]
    facts = {"method": request.method, "host": host, "path": request.path, "subject": None, "wishes": {}}
    found = home_of(plain(table), facts)
    return (found[0], "monolith") if found and request.has_session else found


@lru_cache(maxsize=1)
def plain(table: Table) -> dict[str, Any]:
    """Return a table as the oracle reads it."""
    return {
        "routes": [asdict(route) for route in table.routes],
        "capabilities": {
            state.name: {"stage": state.stage, "weight": state.reads_weight, "writer": state.writer}
            for state in table.capabilities.values()
        },
    }
