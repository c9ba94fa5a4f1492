"""
Whatever is sent, no app answers with a bug, and every answer is as its OpenAPI says; in both homes.

Schemathesis makes the requests from the OpenAPI, valid ones and wrong ones. CI asks the same few questions every time;
`make soak` asks many more, by the run's seed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from strangler.hosting.rest.openapi import documented
from strangler.hosting.rest.views import RestView
from tests.apis import hosts
from tests.apis.hosts import EVERYTHING, HOMES, MOUNTS, Become, Host, application
from tests.apis.objects import THINGS, account
from tests.support.fixtures import long_version

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW, MANY = 4, 250


def faults(host: Host, number: int, seed: int) -> Iterator[str]:
    """Yield what is wrong with the answers to *number* requests of each operation, half of them wrong themselves."""
    prefix = f"/{MOUNTS[host.name]}"
    schema = schemathesis.openapi.from_wsgi(f"{prefix}openapi.json", application)
    for loaded in schema.get_all_operations():
        operation, who = loaded.ok(), somebody(host)
        made = THINGS[operation.path].make if operation.path in THINGS else None
        known = {name: str(value) for name, value in made(who).items()} if made else {}
        found = _asked(operation, known, host.token(who, *EVERYTHING), number, seed)
        if found:
            yield f"{operation.label}: {found[0]}"


def _asked(operation: Any, known: dict[str, str], token: str, number: int, seed: int) -> list[str]:
    """Return what is wrong with an operation; half of its requests are about something that is there."""
    found: list[str] = []
    kinds = [operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
    if known:
        kinds.append(operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )  # fmt: skip
    @hypothesis.given(case=st.one_of(kinds))
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 500:
            found.append(f"500 to {case.as_curl_command()}")
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as wrong:
            found.extend(f"{one}\nto {case.as_curl_command()}" for one in wrong.exceptions)

    ask()
    return found


def somebody(host: Host) -> uuid.UUID:
    """Return a customer, with an account where there are accounts: one may be deleted."""
    return account(f"{uuid.uuid4().hex}@example.com") if host.name == "users" else uuid.uuid4()


@pytest.mark.parametrize("number", [FEW, long_version(MANY, timeout_s=3600)])
@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("name", MOUNTS)
def test_every_answer_is_as_openapi_says(become: Become, name: str, home: str, number: int, seed: int) -> None:
    found = list(faults(become(name, home), number, 7 if number == FEW else seed))
    assert not found, "\n".join(found)


class _Shown(serializers.Serializer[Any]):
    size = serializers.IntegerField()


class _Broken(RestView):
    """Fails for half of its requests, and answers with what it does not declare for the rest."""

    @extend_schema(operation_id="get_broken", responses=_Shown)
    def get(self, request: Request, size: int) -> Response:
        """Read nothing of use."""
        if size % 2:
            raise RuntimeError("a bug")
        return Response({"size": "large"})


@pytest.mark.parametrize(("size", "said"), [(1, "500 to"), (2, "large")])
def test_a_broken_view_is_found(become: Become, monkeypatch: pytest.MonkeyPatch, size: int, said: str) -> None:
    """A bug, and an answer that is not as declared."""
    routes = documented(
        [path("things/<int:size>", _Broken.as_view())], prefix="api/users/", title="Broken", name="broken"
    )
    monkeypatch.setattr(hosts, "urlpatterns", [path("api/users/", include(routes))])
    host = become("users", "monolith")
    operation = schemathesis.openapi.from_wsgi("/api/users/openapi.json", application)["/api/users/things/{size}"]
    found = _asked(operation["GET"], {"size": str(size)}, host.token("ann"), 30, 7)
    assert any(said in fault for fault in found)
