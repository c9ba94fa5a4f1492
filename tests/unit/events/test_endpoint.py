"""Copies of events that come over the internal address: only whole, only ours, only for this home."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any, NamedTuple

import pytest
from django.db import connection

from strangler.events.direct import Errand, errand_token
from strangler.events.endpoint import application
from strangler.models import Ownership
from strangler.transport import signing
from strangler.transport.taking import BODY_BYTES_MAX
from tests.unit.events.letters import id_of, letter

pytestmark = pytest.mark.django_db(transaction=True)
BODY = json.dumps([letter(1)]).encode()


class Answer(NamedTuple):
    status: int
    document: Any


def post(body: bytes = BODY, *, token: str | None = None, path: str = "/events/reader", **environ: Any) -> Answer:
    said: dict[str, Any] = {}

    def start_response(status: str, fields: list[tuple[str, str]]) -> None:
        said["status"] = int(status.partition(" ")[0])

    content = b"".join(
        application(
            {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": path,
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
                "HTTP_STRANGLER_EVENTS": proof(body) if token is None else token,
                **environ,
            },
            start_response,
        )
    )
    return Answer(said["status"], json.loads(content))


def proof(body: bytes = BODY, *, subscriber: str = "reader", home: str = "monolith") -> str:
    return errand_token(Errand(subscriber, home, hashlib.sha256(body).hexdigest()))


def effects() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reader_effect")
        return int(cursor.fetchone()[0])


def test_copies_are_taken_and_confirmed():
    assert post() == Answer(200, [[id_of(letter(1))], {}])
    assert effects() == 1


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("", 401),
        ("nonsense", 401),
        ("x.y.z", 401),
        (signing.sign, 401),
        (lambda: proof(b"[]"), 403),
        (lambda: proof(subscriber="press"), 403),
        (lambda: proof(home="service"), 403),
        (lambda: proof(subscriber="nobody"), 403),
    ],
    ids=[
        "none",
        "nonsense",
        "forged",
        "another purpose",
        "another body",
        "another capability",
        "other home",
        "unknown",
    ],
)
def test_without_the_right_token_nothing_happens(token, status):
    if token is signing.sign:
        token = signing.sign("call", {"events": Errand("reader", "monolith", "")}, ttl_s=60)
    answer = post(token=token() if callable(token) else token)
    assert answer.status == status
    assert effects() == 0


def test_home_that_does_not_own_the_rows_says_so():
    Ownership.objects.filter(capability="reader").update(owner="service", epoch=2)
    assert post().status == 421
    assert effects() == 0


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]"])
def test_body_that_holds_no_copies_is_refused(body):
    assert post(body).status == 400


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"REQUEST_METHOD": "GET"}, 404),
        ({"PATH_INFO": "/calls/reader"}, 404),
        ({"CONTENT_LENGTH": ""}, 411),
        ({"CONTENT_LENGTH": str(BODY_BYTES_MAX + 1)}, 413),
        ({"CONTENT_LENGTH": str(len(BODY) + 1)}, 400),
    ],
)
def test_what_is_no_whole_post_is_refused(environ, status):
    assert post(**environ).status == status
    assert effects() == 0
