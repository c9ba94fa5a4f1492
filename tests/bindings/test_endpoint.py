"""Who may call a host, and what it says to everybody else (R21)."""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.test import override_settings

from strangler.bindings.endpoint import application
from strangler.bindings.tokens import CALL, Call, call_token
from strangler.conf import get_conf
from strangler.transport import signing
from strangler.transport.content import sha256_of
from strangler.transport.taking import BODY_BYTES_MAX
from strangler.transport.traces import OPERATION
from tests.bindings.conftest import move, playing, rows
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
BODY = b'{"key": "k", "name": "n"}'


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def settled(platform: Platform) -> Platform:
    seen = platform.of("counter")
    move(seen, "monolith")
    return seen


def call_for(body: bytes, **changes: Any) -> Call:
    call = Call("counter", "add", "monolith", 1, "writer", 5.0, sha256_of(body))
    return call._replace(**changes)


def post(url: str, body: bytes, token: str, path: str = "/calls/counter/add") -> requests.Response:
    return requests.post(url + path, data=body, headers={CALL: token}, timeout=10)


def command(**changes: Any) -> bytes:
    return json.dumps({"key": uuid.uuid4().hex, "name": "endpoint", **changes}).encode()


def effects(platform: Platform) -> int:
    counts = [rows(platform, home, "SELECT count(*) FROM counter_effect")[0][0] for home in ("monolith", "service")]
    return sum(counts)


def test_call_with_its_token_is_served(settled: Platform) -> None:
    body = command()
    with playing(settled, "monolith"):
        answer = post(settled.internal["monolith"], body, call_token(call_for(body)))
    assert (answer.status_code, answer.json()["name"]) == (200, "endpoint")


@pytest.mark.parametrize("host", ["monolith", "counter", "inventory", "catalog"])
def test_public_address_knows_no_contracts(settled: Platform, host: str) -> None:
    """Even with a token that the same host takes on its internal port."""
    for capability in ("counter", "inventory", "catalog"):
        body = command()
        home = "monolith" if host == "monolith" else "service"
        with playing(settled, "monolith"):
            token = call_token(call_for(body, capability=capability, home=home))
        for path in (f"/calls/{capability}/add", f"//calls/{capability}/add", f"/calls/{capability}/add/"):
            before = effects(settled)
            answer = post(settled.public[host], body, token, path)
            assert answer.status_code == 404, (path, answer.text)
            assert effects(settled) == before


def refused(settled: Platform, body: bytes, token: str, *, status: int, host: str = "monolith") -> str:
    before = effects(settled)
    answer = post(settled.internal[host], body, token)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert effects(settled) == before, "it was refused and done"
    detail: str = answer.json()["detail"]
    return detail


def test_call_without_a_token_of_ours_is_refused(settled: Platform) -> None:
    body = command()
    with playing(settled, "monolith"):
        good = call_token(call_for(body))
        old = signing.sign("call", {"call": call_for(body)}, ttl_s=1, clock=lambda: time.time() - 60)
        other_purpose = signing.sign("hop", {"call": call_for(body)}, ttl_s=30)
    strangler = {**_settings(settled), "KEYS": {"test": "x" * 40}}
    with override_settings(STRANGLER=strangler):
        foreign = call_token(call_for(body))
    head, _, mac = good.rpartition(".")
    for token in ("", "x", good[:-1], f"{head}.{mac[::-1]}", old, other_purpose, foreign, good.replace(".", "..")):
        assert "token is missing, over, or not signed" in refused(settled, body, token, status=401)
    assert post(settled.internal["monolith"], body, good).status_code == 200


def test_token_opens_no_other_door(settled: Platform) -> None:
    body = command()
    with playing(settled, "monolith"):
        tokens = {
            "operation": call_token(call_for(body, operation="totals")),
            "capability": call_token(call_for(body, capability="inventory")),
            "body": call_token(call_for(command())),
            "home": call_token(call_for(body, home="service")),
        }
        for_service = call_token(call_for(body, home="service"))
    for what in ("operation", "capability", "body"):
        assert "made for another call" in refused(settled, body, tokens[what], status=403), what
    assert "this is monolith" in refused(settled, body, tokens["home"], status=403)
    # The audience is right, and the rows are elsewhere: it is handed back, not done.
    before = effects(settled)
    answer = post(settled.internal["counter"], body, for_service)
    assert (answer.status_code, "Strangler-Moved" in answer.headers, effects(settled)) == (421, True, before)


def _settings(settled: Platform) -> dict[str, Any]:
    from django.conf import settings

    with playing(settled, "monolith"):
        return dict(settings.STRANGLER)


class Answer:
    """What the application says to one request, made here."""

    def __init__(self, body: bytes, token: str, *, path: str = "/calls/counter/totals", **environ: Any) -> None:
        self.environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body), "HTTP_STRANGLER_CALL": token, **environ,
        }  # fmt: skip
        self.content = b"".join(application(self.environ, self._start))

    def _start(self, status: str, fields: list[tuple[str, str]]) -> None:
        self.status = int(status[:3])
        self.fields = dict(fields)


def ask(body: bytes = b"{}", *, operation: str = "totals", **environ: Any) -> Answer:
    token = call_token(call_for(body, operation=operation))
    return Answer(body, token, path=f"/calls/counter/{operation}", **environ)


def test_keys_rotate_without_a_pause(settled: Platform) -> None:
    with playing(settled, "monolith"):
        old = get_conf().keys["test"]
        token = call_token(call_for(b"{}", operation="totals"))
        with override_settings(STRANGLER={**_settings(settled), "KEYS": {"new": "n" * 40, "test": old}}):
            assert Answer(b"{}", token).status == 200, "tokens of the old key are still good"
            assert ask().status == 200, "tokens of the new key are good already"
        with override_settings(STRANGLER={**_settings(settled), "KEYS": {"new": "n" * 40}}):
            assert Answer(b"{}", token).status == 401


def test_what_is_no_call_is_told_what_one_is(settled: Platform) -> None:
    with playing(settled, "monolith"):
        assert ask(REQUEST_METHOD="GET").status == 404
        assert Answer(b"{}", "", path="/").status == 404
        assert ask(CONTENT_LENGTH="").status == 411
        assert ask(CONTENT_LENGTH="-1").status == 411
        assert ask(CONTENT_LENGTH=str(BODY_BYTES_MAX + 1)).status == 413
        assert ask(CONTENT_LENGTH="3").status == 400
        assert ask(operation="nothing").status == 404
        assert ask(operation="__init__").status == 404
        token = call_token(call_for(b"{}", capability="nobody"))
        assert Answer(b"{}", token, path="/calls/nobody/totals").status == 403


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"names": "x"}', b'{"names": [1]}', b'{"more": 1}', b"\xff\xfe"]
)
def test_arguments_that_the_contract_does_not_know_are_the_callers_fault(settled: Platform, body: bytes) -> None:
    with playing(settled, "monolith"):
        answer = ask(body)
    assert (answer.status, answer.fields["Content-Type"]) == (400, "application/problem+json")


def test_bug_is_a_500_that_gives_nothing_away(settled: Platform, caplog: pytest.LogCaptureFixture) -> None:
    with playing(settled, "monolith"):
        for how in ("bug", "undeclared", "unspeakable"):
            answer = ask(json.dumps({"how": how}).encode(), operation="broken")
            assert answer.status == 500, how
            assert b"bug" not in answer.content
            assert answer.environ[OPERATION] == "counter.broken"
    assert "ZeroDivisionError" in caplog.text


def test_refusal_is_a_409_with_its_code(settled: Platform) -> None:
    with playing(settled, "monolith"):
        answer = ask(b'{"how": "refusal"}', operation="broken")
    assert (answer.status, json.loads(answer.content)["code"]) == (409, "too_much")
