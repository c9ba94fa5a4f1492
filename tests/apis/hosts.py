"""This process as each home of each app, with its views behind the router as a host has them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.urls import include, path

from monolith.config.capabilities import CAPABILITIES
from monolith.config.run.keys import staff_token
from strangler.hosting.homes import AUDIENCE, ISSUER
from strangler.hosting.rest import problems
from strangler.models import Capability, Ownership

HOMES = ("monolith", "service")
NOBODY = "http://127.0.0.1:9"
MOUNTS = {one.name: one.mount for one in CAPABILITIES if find_spec(f"{one.package}.urls")}
CUSTOMER = tuple(f"{name}:own" for name in MOUNTS)
"""What the tokens of customers hold."""
EVERYTHING = tuple(f"{name}:{may}" for name in MOUNTS for may in ("own", "read", "write"))
METHODS = ("get", "post", "put", "patch", "delete")

urlpatterns = [path(one.mount, include(f"{one.package}.urls")) for one in CAPABILITIES if one.name in MOUNTS]
handler404 = problems.page_not_found
handler500 = problems.server_error


@dataclass(frozen=True)
class Operation:
    """One method of one path of an app's OpenAPI."""

    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name, as clients know it."""
        return str(self.said["operationId"])

    @property
    def has_id(self) -> bool:
        """Whether its path names one thing."""
        return "{" in self.path


def named_in_body(operation: Operation, schema: Mapping[str, Any]) -> set[str]:
    """
    Return the fields of an operation's body that name a thing, as far as one can see: `lines.order_id`, say.

    Args:
        schema: the OpenAPI that the operation is of.
    """
    content = operation.said.get("requestBody", {}).get("content", {})
    return {field for one in content.values() for field in _names(one.get("schema", {}), schema, ())}


_NAMES = re.compile(r"(^|_)(ids?|uuid|token|account|customer|owner|recipient|subject|user|payment_(intent|method))$")


def _names(said: Mapping[str, Any], schema: Mapping[str, Any], within: tuple[str, ...]) -> Iterator[str]:
    if "$ref" in said:
        said = schema["components"]["schemas"][said["$ref"].rpartition("/")[2]]
    for part in (*said.get("allOf", ()), *said.get("oneOf", ()), *said.get("anyOf", ())):
        yield from _names(part, schema, within)
    if "items" in said:
        yield from _names(said["items"], schema, within)
    for name, its in said.get("properties", {}).items():
        yield from _names(its, schema, (*within, name))
    if said.get("type") == "string" and within and (said.get("format") == "uuid" or _NAMES.search(within[-1])):
        yield ".".join(within)


@dataclass(frozen=True)
class Host:
    """A host that carries the app *name*, as the home *home* of it, which owns its rows."""

    name: str
    home: str
    keys: Path

    def token(self, subject: object, *scopes: str) -> str:
        """Return a token that holds here; a customer's scopes unless others are given."""
        return staff_token(self.keys, subject=str(subject), scopes=scopes or CUSTOMER)

    def send(self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str) -> HttpResponse:
        """Answer one request; a bug is a 500, as in a host."""
        given = {"Idempotency-Key": str(uuid.uuid4())} if method == "post" else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        content = b"" if body is None else json.dumps(body).encode()
        client = Client(raise_request_exception=False)
        return client.generic(method.upper(), path, content, content_type="application/json", headers=given)

    def schema(self) -> dict[str, Any]:
        """Return the app's OpenAPI."""
        answer = self.send("get", f"/{MOUNTS[self.name]}openapi.json")
        assert answer.status_code == 200, answer.content
        return dict(json.loads(answer.content))

    def operations(self) -> Iterator[Operation]:
        """Yield everything that the app's OpenAPI lists."""
        for path_, item in self.schema()["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(method, path_, item[method])


def be(settings: Any, name: str, home: str, keys: Path, jwks: Path) -> Host:
    """Let this process be one home of *name*: the one that owns the rows."""
    strangler = settings.STRANGLER | {
        "SUBJECT_JWKS": str(jwks), "SUBJECT_ISSUER": ISSUER, "SUBJECT_AUDIENCE": AUDIENCE,
    }  # fmt: skip
    if home == "service":
        entries = {other: {"internal_url": NOBODY} for other in MOUNTS}
        entries[name] = strangler["CAPABILITIES"][name] | {"app": name, "databases": {"service": "default"}}
        strangler |= {"HOST": name, "MONOLITH_URL": NOBODY, "CAPABILITIES": entries}
        Ownership.objects.filter(capability=name).update(owner="service")
        epoch = Ownership.objects.get(capability=name).epoch
        Capability.objects.update_or_create(
            name=name, defaults={"writer": "service", "stage": "extracted", "epoch": epoch}
        )
    settings.STRANGLER = strangler
    settings.ROOT_URLCONF = __name__
    settings.HOSTING = {"name": strangler["HOST"], "keys_dir": keys}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MIDDLEWARE = [
        "strangler.hosting.observe.ObserveMiddleware",
        "strangler.proxy.StranglerMiddleware",
    ]
    return Host(name, home, keys)


Become = Callable[[str, str], Host]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """Answer as this host's WSGI application does, and leave the database's connection open, for the test has it."""
    response = ClientHandler()(environ)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return [response.getvalue()]
