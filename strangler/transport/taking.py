"""What every endpoint of the internal listener does: take a POST whole, refuse what it may not take, and answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.signals import request_finished, request_started

from strangler.errors import StranglerError

BODY_BYTES_MAX = 8 << 20
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Answer(NamedTuple):
    """What goes back."""

    status: int
    content: bytes
    fields: tuple[tuple[str, str], ...] = ()
    kind: str = "application/json"


class Fault(StranglerError):
    """A call that is refused before it runs; the message is for whoever operates the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_body(environ: Mapping[str, Any], below: str) -> bytes:
    """
    Return the content of a POST to a path below *below*.

    Raises:
        Fault: it is none, says no length, is too long, or was cut.
    """
    if environ["REQUEST_METHOD"] != "POST" or not environ.get("PATH_INFO", "").startswith(below):
        raise Fault(404, f"Calls are POSTs below {below}.")
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise Fault(411, "A call says its length.")
    if int(length) > BODY_BYTES_MAX:
        raise Fault(413, f"A call has at most {BODY_BYTES_MAX} bytes.")
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) != int(length):
        raise Fault(400, "The call was cut.")
    return body


def problem(status: int, detail: str) -> Answer:
    """Return a refusal as problem+json (RFC 9457)."""
    content = json.dumps({"status": status, "title": HTTPStatus(status).phrase, "detail": detail}).encode()
    return Answer(status, content, kind="application/problem+json")


def respond(
    answer_of: Callable[[dict[str, Any]], Answer], environ: dict[str, Any], start_response: StartResponse
) -> Iterable[bytes]:
    """Answer one call, with Django's signals around it, which end the use of database connections."""
    request_started.send(sender=answer_of, environ=environ)
    try:
        answer = answer_of(environ)
    finally:
        request_finished.send(sender=answer_of)
    fields = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.content))), *answer.fields]
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", fields)
    return [answer.content]
