"""Without a broker: copies go straight to the subscriber's home, in this process or at its internal address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from strangler.conf import Home, get_conf
from strangler.events.channels import Receipts, Undelivered, writer_of
from strangler.events.inbox import receive
from strangler.fence import Moved
from strangler.state import release_connections
from strangler.transport import signing
from strangler.transport.client import Outgoing, Reply, upstream
from strangler.transport.content import Content, sha256_of
from strangler.transport.errors import RemoteCallError, UpstreamSaturated
from strangler.transport.headers import Headers
from strangler.transport.traces import request_fields, trace_fields

PATH = "/events/"
ERRAND = "Strangler-Events"
_TTL_S = 30
_TIMEOUT_S = 20.0
_ANSWER_BYTES_MAX = 1 << 20
receipts_decoder = msgspec.json.Decoder(Receipts)


class Errand(NamedTuple):
    """
    Copies as their sender meant them.

    Attributes:
        home: the audience.
        sha256: of the body.
    """

    subscriber: str
    home: str
    sha256: str


def errand_token(errand: Errand) -> str:
    """Return what `Strangler-Events` says."""
    return signing.sign("events", {"events": errand}, ttl_s=_TTL_S)


def read_errand(token: str) -> Errand | None:
    """Return what *token* proves; None when it is not ours, was made for another purpose, or is over."""
    payload = signing.verify("events", token)
    return Errand(*payload["events"]) if payload else None


class Direct:
    """Delivers in this process, or by HTTP."""

    def deliver(self, publisher: str, subscriber: str, envelopes: Sequence[str]) -> Receipts:
        """Deliver now, and return what the subscriber says."""
        home, _ = writer_of(subscriber)
        if get_conf().home_of(subscriber) != home:
            return _send(subscriber, home, envelopes)
        try:
            return receive(subscriber, envelopes)
        except Moved as moved:
            raise Undelivered(str(moved)) from moved


def _send(subscriber: str, home: Home, envelopes: Sequence[str]) -> Receipts:
    conf = get_conf()
    url = conf.internal_url_of(subscriber, home)
    if url is None:
        raise Undelivered(f"no internal address of the {home} of {subscriber!r} is configured")
    pool = upstream(url, conf.connect_timeout_s, conf.max_upstream_connections)
    body = msgspec.json.encode(envelopes)
    fields: Headers = [
        ("Host", pool.authority),
        ("Content-Type", "application/json"),
        (ERRAND, errand_token(Errand(subscriber, home, sha256_of(body)))),
        *request_fields(),
    ]
    trace_fields(fields)
    outgoing = Outgoing(
        method="POST",
        target=f"{PATH}{subscriber}",
        fields=fields,
        body=Content(body),
        timeout_s=_TIMEOUT_S,
        repeatable=True,
    )
    release_connections()
    try:
        reply = pool.send(outgoing)
        try:
            return _receipts(reply, pool.authority)
        finally:
            reply.close()
    except (RemoteCallError, UpstreamSaturated) as error:
        raise Undelivered(str(error)) from error


def _receipts(reply: Reply, authority: str) -> Receipts:
    content = b""
    for piece in reply:
        content += piece
        if len(content) > _ANSWER_BYTES_MAX:
            raise Undelivered(f"{authority} answers without end")
    if reply.head.status != 200:
        raise Undelivered(f"{authority} answered {reply.head.status}: {content[:200].decode(errors='replace')}")
    try:
        return receipts_decoder.decode(content)
    except ValueError as error:
        raise Undelivered(f"{authority} answered: {error}") from error
