"""The planes that must agree, each asked in its own way: `decide()`, the middleware of a home, and a real Envoy."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings

from strangler.conf import get_conf
from strangler.models import Capability
from strangler.proxy import StranglerMiddleware
from strangler.proxy.pins import COOKIE as PINS
from strangler.proxy.subjects import COOKIE as SUBJECT
from strangler.routing import CapabilityState, Decision, Facts, Table, decide
from strangler.state.store import load_table, routes_of
from strangler.transport import signing
from tests.conformance.world import CAPABILITIES, Claims, Plain
from tests.support.envoy import Connection, Home

ISSUER, AUDIENCE = "http://issuer.example", "shop"
_HELD_BACK = {"lagging", "pinned", "unpinnable"}


class Keys:
    """An issuer whose tokens are believed, and one whose are not."""

    def __init__(self, folder: Path) -> None:
        self.good, self.bad = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.good.public_key())[:-1]
        self.file = folder / "jwks.json"
        self.file.write_text('{"keys":[' + public + ',"kid":"k","use":"sig","alg":"ES256"}]}')
        self._made: dict[tuple[str, bool], str] = {}

    def token(self, subject: str, *, holds: bool) -> str:
        """Return a token that proves *subject*, or one that fails in some way."""
        if (made := self._made.get((subject, holds))) is None:
            claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": int(time.time()) + 3600}
            key = self.good
            if not holds:
                wrong: list[dict[str, Any]] = [{"exp": 1_000_000}, {"aud": "bank"}, {"iss": "http://evil.example"}, {}]
                fault = wrong[len(subject + subject[-1:]) % 4 if subject else 0]
                claims |= fault
                key = self.good if fault else self.bad
            made = self._made[subject, holds] = jwt.encode(claims, key, algorithm="ES256", headers={"kid": "k"})
        return made


def settings_of(table: Plain, homes: Mapping[str, Home], keys: Keys, *, host: str = "monolith") -> Any:
    """Return the settings of one host in the world of *table*, to be used as a context."""
    from django.conf import settings

    mine = "default" if host == "monolith" else "sample_service"
    capabilities: dict[str, Any] = {}
    for name in CAPABILITIES if host == "monolith" else (host,):
        routes = [
            {k: v for k, v in route.items() if k != "capability" and v is not None}
            for route in table["routes"]
            if route["capability"] == name
        ]
        capabilities[name] = {
            "service_url": homes[name].url,
            "internal_url": homes[name].url,
            "databases": {"monolith" if host == "monolith" else "service": mine},
            "routes": routes or [{"prefix": f"/never-asked-for-{name}"}],
        }
    return override_settings(
        STRANGLER={
            **{k: v for k, v in settings.STRANGLER.items() if k != "CAPABILITIES"},
            "HOST": host,
            "MONOLITH_URL": homes["monolith"].url,
            "MONOLITH_INTERNAL_URL": homes["monolith"].url,
            "SUBJECT_JWKS": str(keys.file),
            "SUBJECT_ISSUER": ISSUER,
            "SUBJECT_AUDIENCE": AUDIENCE,
            "CAPABILITIES": capabilities,
        }
    )


def keep_states(table: Plain, version: int) -> Table:
    """Write the states where the middleware reads them, and return the table that it will see."""
    Capability.objects.all().delete()
    Capability.objects.bulk_create(
        Capability(name=name, stage=s["stage"], reads_weight=s["weight"], writer=s["writer"], epoch=1, switching=False)
        for name, s in table["capabilities"].items()
    )
    made = load_table()
    return Table(version, made.capabilities.values(), made.routes)


def table_of(table: Plain, version: int) -> Table:
    """Return *table* compiled, as the settings of the moment complete it."""
    states = [CapabilityState(name, s["stage"], s["weight"], s["writer"]) for name, s in table["capabilities"].items()]
    return Table(version, states, routes_of(get_conf()))


def by_decide(table: Table, request: Plain) -> str | None:
    """Return the home that `decide()` names, by the name of its host."""
    facts = Facts(request["method"], request["host"], request["path"], request["subject"], request["wishes"])
    return host_of(decide(table, facts))


def host_of(decision: Decision | None) -> str | None:
    """Return the host that serves a decision."""
    if decision is None:
        return None
    return "monolith" if decision.home == "monolith" else decision.capability


class Deciding(StranglerMiddleware):
    """The middleware, as far as to the point where it serves."""

    def __init__(self) -> None:
        super().__init__(lambda request: HttpResponse())
        self.decided: Decision | None = None

    def _serve(self, request: Any, hop: Any, decision: Decision) -> HttpResponseBase:
        # What is held back because the copy is not fresh was decided all the same: that is another property.
        self.decided = decision._replace(home="service") if decision.reason in _HELD_BACK else decision
        return HttpResponse()

    def _nobodys(self, request: Any) -> HttpResponseBase:
        self.decided = None
        return HttpResponse()

    def host(self, request: Plain, keys: Keys) -> str | None:
        """Return the host that serves *request*; None where it runs where it has arrived."""
        self(WSGIRequest(_environ(request, keys)))
        return host_of(self.decided)


def _environ(request: Plain, keys: Keys) -> dict[str, Any]:
    path, _, query = request["target"].partition("?")
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields_of(request, keys, spoofs=False)}
    return {
        "REQUEST_METHOD": request["method"],
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "server",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
        **fields,
    }


def fields_of(request: Plain, keys: Keys, *, spoofs: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the fields by which a client claims what it claims."""
    claims: Claims = request["claims"]
    yield "Host", request["authority"]
    if claims.token is not None:
        yield "Authorization", f"Bearer {keys.token(claims.token, holds=claims.token_holds)}"
    cookies = ["theme=dark"]
    if claims.cookie is not None:
        cookies.append(f"{SUBJECT}={_signed('subject', {'sub': claims.cookie}, holds=claims.cookie_holds)}")
    if claims.pinned:
        cookies.append(f"{PINS}={_signed('pins', {'at': {}}, holds=True)}")
    yield "Cookie", "; ".join(cookies)
    if claims.override:
        homes = {"homes": dict(claims.override)}
        yield "Strangler-Override", _signed("override", homes, holds=claims.override_holds)
    if claims.spoofs and spoofs:
        yield "Strangler-Edge-Subject", "somebody-else"
        yield "strangler_edge_subject", "somebody-else"
        yield "X-Envoy-Original-Path", "/elsewhere"


def _signed(purpose: str, payload: Mapping[str, Any], *, holds: bool) -> str:
    token = signing.sign(purpose, payload, ttl_s=3600)
    if holds:
        return token
    return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")


def by_envoy(connection: Connection, request: Plain, keys: Keys) -> str:
    """Return the host to which a real Envoy sends *request*."""
    lines = [f"{request['method']} {request['target']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields_of(request, keys)]
    raw = "\r\n".join(lines).encode() + b"\r\n\r\n"
    status, fields, _ = connection.ask(raw, has_content=request["method"] != "HEAD")
    assert status == 200, (status, lines[0])
    return fields["x-home"]


@contextmanager
def connected(address: str) -> Iterator[Connection]:
    """Keep a connection until the block ends."""
    connection = Connection(address)
    try:
        yield connection
    finally:
        connection.close()
