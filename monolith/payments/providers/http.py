"""HTTP to a provider: what was certainly not sent is told apart from what may have had an effect."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from monolith.payments.providers.adapter import NotSent, OutcomeUnknown

CONNECT_S = 1.0
_UNAVAILABLE, _TOO_MANY, _UNAUTHORIZED, _SERVER_ERROR = 503, 429, 401, 500


class Reply(NamedTuple):
    """What a provider answered."""

    status: int
    body: Mapping[str, Any]


def ask(
    method: str,
    url: str,
    *,
    secret: str,
    answer_s: float,
    body: Mapping[str, Any] | None = None,
    key: str = "",
    read: bool = False,
) -> Reply:
    """
    Ask a provider once; nothing is repeated here.

    Args:
        answer_s: how long to wait for each part of the answer.
        read: the request has no effect, whatever becomes of it.

    Raises:
        NotSent: no connection, or the provider says that it did nothing.
        OutcomeUnknown: it was sent, and no answer came that can be understood.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=CONNECT_S)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    if key:
        headers["Idempotency-Key"] = key
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotSent(f"{parts.netloc} cannot be reached: {type(error).__name__}") from error
        connection.sock.settimeout(answer_s)
        reply = _exchange(connection, method, url, headers, body)
    finally:
        connection.close()
    if reply.status in (_UNAVAILABLE, _TOO_MANY, _UNAUTHORIZED):
        raise NotSent(f"{parts.netloc} answered {reply.status}")
    if reply.status >= _SERVER_ERROR:
        raise (NotSent if read else OutcomeUnknown)(f"{parts.netloc} answered {reply.status}")
    return reply


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None,
) -> Reply:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise OutcomeUnknown(f"{parts.netloc} gave no answer: {type(error).__name__}") from error
    try:
        told = json.loads(content) if response.status < _SERVER_ERROR else {}
    except ValueError as error:
        raise OutcomeUnknown(f"{parts.netloc} answered what cannot be read") from error
    if not isinstance(told, dict):
        raise OutcomeUnknown(f"{parts.netloc} answered what cannot be read")
    return Reply(response.status, told)
