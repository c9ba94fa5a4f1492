"""
Nobody reads or changes what is another customer's: every route with an id of every app's OpenAPI, in both homes.

The same holds of every body that names a thing. What is tried is read from the OpenAPI; whose the things are is said in
`objects`, and a route, or a field of a body, that is not listed there fails, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response

from strangler.hosting.rest.views import RestView
from tests.apis import hosts
from tests.apis.hosts import HOMES, MOUNTS, Become, Host, Operation, named_in_body
from tests.apis.objects import BODIES, THINGS, Named, Nobodys, Thing, account

CLOSED = {403, 404}
BOTH = pytest.mark.parametrize("home", HOMES)
EVERY = pytest.mark.parametrize("name", MOUNTS)


class Trial:
    """Ann, whose things they are, and Bob, who would like to have them."""

    def __init__(self, host: Host, ann: uuid.UUID, bob: uuid.UUID) -> None:
        self._host = host
        self.ann, self.bob = ann, bob
        self._as_ann, self._as_bob = host.token(ann), host.token(bob)

    def faults(self, operation: Operation, thing: Thing) -> Iterator[str]:
        """Yield whatever goes wrong when Bob, and somebody unknown, try *operation* on what is Ann's."""
        if operation.method in thing.open:
            return
        values = thing.values if thing.make is None else thing.make(self.ann)
        target, itself = (shape.format(**values) for shape in (operation.path, itself_of(operation.path)))
        before = self._host.send("get", itself, self._as_ann)
        if thing.make is not None and before.status_code != 200:
            yield f"{itself}: its owner is answered {before.status_code}, so nothing is shown"
        for who, token, allowed in (
            ("another customer", self._as_bob, CLOSED if thing.make else {403}),
            ("nobody", None, CLOSED | {401}),
        ):
            answer = self._try(operation, thing, target, token, before)
            if answer.status_code not in allowed:
                yield f"{operation.method} {operation.path}: {who} is answered {answer.status_code}: {answer.content!r}"
        after = self._host.send("get", itself, self._as_ann)
        if before.status_code == 200 and before.content != after.content:
            yield f"{operation.method} {operation.path}: it has changed"

    def foreign(self, operation: Operation, named: Named | Nobodys) -> Iterator[str]:
        """Yield whatever goes wrong when Bob names what is Ann's in the body of *operation*."""
        if named is Nobodys.SHOPS:
            values = dict.fromkeys(re.findall(r"{(\w+)}", operation.path), uuid.uuid4())
            target = operation.path.format(**values | THINGS.get(operation.path, Thing()).values)
            answer = self._host.send(operation.method, target, self._as_bob, {})
            if answer.status_code != 403:
                yield f"a customer may send it: {answer.status_code} {answer.content!r}"
        if not isinstance(named, Named):
            return
        his, hers = named.make(self.bob), named.make(self.ann)
        itself = named.itself.format(**hers)
        before = self._host.send("get", itself, self._as_ann)
        nobodys = {name: uuid.uuid4() for name in hers}
        own, other, none = (self._name(operation, named, his, one) for one in (named.make(self.bob), hers, nobodys))
        if other != none:
            yield f"what is another's is answered {other}, and what is not there {none}"
        if other[0] not in CLOSED or own == other:
            yield f"what is another's is answered {other}, and one's own {own}"
        if before.status_code != 200 or before.content != self._host.send("get", itself, self._as_ann).content:
            yield f"{itself} has changed, or its owner cannot see it"

    def listed(self, operation: Operation, ids: set[str]) -> list[str]:
        """Return which of *ids* Bob finds in a list."""
        content = self._host.send(operation.method, operation.path, self._as_bob).content.decode()
        return [one for one in ids if one in content]

    def _name(
        self, operation: Operation, named: Named, his: Mapping[str, object], one: Mapping[str, object]
    ) -> tuple[int, str]:
        answer = self._host.send(operation.method, operation.path.format(**his), self._as_bob, named.body(one))
        return answer.status_code, json.loads(answer.content).get("code", "")

    def _try(
        self, operation: Operation, thing: Thing, target: str, token: str | None, seen: HttpResponse
    ) -> HttpResponse:
        body = thing.bodies.get(operation.id, {}) if operation.method in {"post", "put", "patch"} else None
        fields = {"If_Match": seen.headers.get("ETag", '"1"')} if operation.method != "get" else {}
        return self._host.send(operation.method, target, token, body, **fields)


def trial(become: Become, name: str, home: str) -> Trial:
    """Let this process be one home of an app, where Ann and Bob are customers."""
    accounts = name == "users"
    ann, bob = (account(f"{who}@example.com") if accounts else uuid.uuid4() for who in ("ann", "bob"))
    return Trial(become(name, home), ann, bob)


def itself_of(path_: str) -> str:
    """Return the path of the thing that a path is about: without the action, or the part, behind its id."""
    return path_[: path_.index("}") + 1]


def routes(host: Host) -> list[Operation]:
    return [operation for operation in host.operations() if operation.has_id]


@BOTH
@EVERY
def test_what_is_another_customers_is_closed(become: Become, name: str, home: str) -> None:
    tried = trial(become, name, home)
    found = [
        fault
        for operation in routes(become(name, home))
        for fault in tried.faults(operation, THINGS.get(operation.path, Thing()))
    ]
    assert not found, "\n".join(found)


@EVERY
def test_every_route_with_an_id_says_whose_it_is(become: Become, name: str) -> None:
    """What is listed and no longer there is told as well."""
    found = {operation.path for operation in routes(become(name, "monolith"))}
    listed = {path_ for path_ in THINGS if path_.startswith(f"/{MOUNTS[name]}")}
    assert not found - listed, f"say in tests/apis/objects.py whose these are: {sorted(found - listed)}"
    assert not listed - found, f"tests/apis/objects.py lists what is not there: {sorted(listed - found)}"


@BOTH
@EVERY
def test_lists_show_nothing_of_another_customer(become: Become, name: str, home: str) -> None:
    tried = trial(become, name, home)
    host = become(name, home)
    makers = {thing.make for path_, thing in THINGS.items() if path_.startswith(f"/{MOUNTS[name]}") and thing.make}
    ids = {str(tried.ann)} | {str(value) for make in makers for value in make(tried.ann).values()}
    lists = [one for one in host.operations() if one.method == "get" and not one.has_id]
    assert {one.path: tried.listed(one, ids) for one in lists} == {one.path: [] for one in lists}


@BOTH
@EVERY
def test_bodies_name_nothing_of_another_customer(become: Become, name: str, home: str) -> None:
    """What is another's is refused like what is not there; and it is as it was."""
    tried, host = trial(become, name, home), become(name, home)
    schema, known = host.schema(), BODIES.get(name, {})
    found = [
        f"{operation.id}.{field}: {fault}"
        for operation in host.operations()
        for field in named_in_body(operation, schema)
        for fault in tried.foreign(operation, known.get(f"{operation.id}.{field}", Nobodys.SHOPS))
    ]
    assert not found, "\n".join(found)


@EVERY
def test_every_name_in_a_body_says_whose_it_is(become: Become, name: str) -> None:
    """What is listed and no longer there is told as well."""
    host = become(name, "monolith")
    schema = host.schema()
    found = {f"{one.id}.{field}" for one in host.operations() for field in named_in_body(one, schema)}
    listed = set(BODIES.get(name, ()))
    assert not found - listed, f"say in tests/apis/objects.py what these name: {sorted(found - listed)}"
    assert not listed - found, f"tests/apis/objects.py lists what is not there: {sorted(listed - found)}"


def test_names_are_found_wherever_a_body_has_them() -> None:
    """In lists, behind references, among alternatives; a SKU or a text names nobody's thing."""
    line = {"type": "object", "properties": {"sku": {"type": "string"}, "cart_id": {"type": "string"}}}
    body = {
        "allOf": [{"$ref": "#/components/schemas/Gift"}],
        "properties": {"reason": {"type": "string"}, "parcel": {"type": "string", "format": "uuid"}},
    }
    gift = {"properties": {"lines": {"type": "array", "items": line}, "friend_ids": {"items": {"type": "string"}}}}
    said = {"operationId": "give", "requestBody": {"content": {"application/json": {"schema": body}}}}
    found = named_in_body(Operation("post", "/gifts", said), {"components": {"schemas": {"Gift": gift}}})
    assert found == {"parcel", "lines.cart_id", "friend_ids"}


class _Leak(RestView):
    """A view that asks whether somebody is a customer, and not which one."""

    scopes = dict.fromkeys(("GET", "PATCH"), "users:own")
    kept: dict[str, Any] = {"name": "Ann"}

    def get(self, request: Any, thing_id: uuid.UUID) -> Response:
        return Response(self.kept)

    def patch(self, request: Any, thing_id: uuid.UUID) -> Response:
        self.kept["name"] = "Bob"
        return Response(status=404)


class _Taking(_Leak):
    """A view that takes whatever is named."""

    scopes = dict.fromkeys(("GET", "POST"), "users:own")
    kept: dict[str, Any] = {"name": "Ann"}

    def post(self, request: Any, thing_id: uuid.UUID) -> Response:
        self.kept["name"] = request.data["thing_id"]
        return Response({})


def test_a_view_that_takes_what_is_named_is_found(become: Become, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is answered as one's own is, and has changed; what only the shop may send is refused to customers."""
    monkeypatch.setattr(hosts, "urlpatterns", [path("take/<uuid:thing_id>", _Taking.as_view())])
    tried = trial(become, "users", "monolith")
    named = Named(
        make=lambda customer: {"thing_id": customer},
        itself="/take/{thing_id}",
        body=lambda one: {"thing_id": str(one["thing_id"])},
    )
    operation = Operation("post", "/take/{thing_id}", {"operationId": "take"})
    faults = list(tried.foreign(operation, named))
    assert [fault.partition(":")[0] for fault in faults] == [
        "what is another's is answered (200, ''), and one's own (200, '')",
        f"/take/{tried.ann} has changed, or its owner cannot see it",
    ]
    (may,) = tried.foreign(Operation("post", f"/take/{tried.bob}", {"operationId": "take"}), Nobodys.SHOPS)
    assert may.startswith("a customer may send it")


def test_a_view_that_asks_nobody_is_found(become: Become, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that shows, and one that changes and says that there is nothing."""
    monkeypatch.setattr(hosts, "urlpatterns", [path("leak/<uuid:thing_id>", _Leak.as_view())])
    tried = trial(become, "users", "monolith")
    thing = Thing(make=lambda customer: {"thing_id": customer})
    shown = list(tried.faults(Operation("get", "/leak/{thing_id}", {"operationId": "get_leak"}), thing))
    changed = list(tried.faults(Operation("patch", "/leak/{thing_id}", {"operationId": "change_leak"}), thing))
    assert ["another customer is answered 200" in fault for fault in shown] == [True]
    assert changed == ["patch /leak/{thing_id}: it has changed"]
