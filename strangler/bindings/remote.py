"""Another home: an operation over its internal endpoint, repeated where that is safe, within the deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from strangler.bindings.figures import observe_remote
from strangler.bindings.tokens import CALL, Call, call_token
from strangler.conf import Home, get_conf
from strangler.contract import Codec, CommandInProgress, Contract, Operation, WireError, codecs_of
from strangler.errors import ContractError
from strangler.fence import external_effect
from strangler.state import release_connections
from strangler.transport.breaker import Breaker
from strangler.transport.client import Outgoing, Reply, Upstream, upstream
from strangler.transport.content import Content, sha256_of
from strangler.transport.deadline import Deadline
from strangler.transport.errors import BadReply, RemoteCallError, Unreachable, UpstreamSaturated
from strangler.transport.handing_back import Elsewhere, handed_back
from strangler.transport.headers import Headers
from strangler.transport.traces import request_fields, trace_fields

PATH = "/calls/"
_BACKOFF_S = 0.02
_REPEATS_MAX = 4
_ANSWER_BYTES_MAX = 64 << 20


class Target(NamedTuple):
    """The home to ask, by which epoch, and why that one."""

    home: Home
    epoch: int
    reason: str


class Remote:
    """Sends operations to the homes of one capability, whose addresses the settings give."""

    def __init__(self, contract: Contract) -> None:
        self._capability = contract.name
        self._codecs = codecs_of(contract)

    def run(self, operation: Operation, arguments: Mapping[str, Any], target: Target, deadline: Deadline) -> Any:
        """
        Run an operation there.

        Returns:
            Its outcome, or `Elsewhere`: then nothing has happened.

        Raises:
            ContractError: nothing has happened either.
            RemoteCallError: it may have run.
        """
        call = _Exchange(self._capability, self._codecs[operation.name], target, deadline)
        began, outcome = time.monotonic(), "done"
        release_connections()
        try:
            answer = call.run(arguments)
            outcome = "moved" if isinstance(answer, Elsewhere) else "done"
        except ContractError:
            outcome = "refused"
            raise
        except RemoteCallError as error:
            outcome = type(error).__name__
            raise
        finally:
            observe_remote(f"{self._capability}.{operation.name}", outcome, time.monotonic() - began)
        if operation.kind == "command" and outcome == "done":
            external_effect()  # the request around it can no longer run elsewhere (R4)
        return answer


class _Exchange:
    """One call, with its repeats."""

    def __init__(self, capability: str, codec: Codec, target: Target, deadline: Deadline) -> None:
        self.capability = capability
        self.codec = codec
        self.operation = codec.operation
        self.target = target
        self.deadline = deadline
        self.upstream = _upstream(capability, target.home)
        self.breaker = _breaker(self.upstream.url)

    def run(self, arguments: Mapping[str, Any]) -> Any:
        body = self.codec.encode_arguments(arguments)
        sha256 = sha256_of(body)
        for repeats in range(_REPEATS_MAX + 1):
            try:
                return self.once(body, sha256)
            except (Unreachable, UpstreamSaturated, CommandInProgress):
                # What may have run is repeated only if that is declared safe; the key makes it one effect (R13).
                pause_s = random.uniform(0, _BACKOFF_S * 2**repeats)  # noqa: S311  jitter
                if not self.operation.repeatable or repeats == _REPEATS_MAX or self.deadline.left() <= pause_s:
                    raise
                time.sleep(pause_s)
        raise AssertionError("unreachable")

    def once(self, body: bytes, sha256: str) -> Any:
        if not self.breaker.admits():
            raise Unreachable(f"{self.upstream.authority} failed again and again and is left alone for a moment")
        try:
            answer = self.exchange(body, sha256)
        except RemoteCallError as error:
            if not isinstance(error, BadReply):
                self.breaker.failed()
            raise
        self.breaker.succeeded()
        return answer

    def exchange(self, body: bytes, sha256: str) -> Any:
        left_s = self.deadline.left()
        name, home, target = self.operation.name, self.target.home, self.target
        call = Call(self.capability, name, home, target.epoch, target.reason, left_s, sha256)
        fields: Headers = [
            ("Host", self.upstream.authority),
            ("Content-Type", "application/json"),
            (CALL, call_token(call)),
            *request_fields(),
        ]
        trace_fields(fields)
        outgoing = Outgoing(
            method="POST",
            target=f"{PATH}{self.capability}/{name}",
            fields=fields,
            body=Content(body),
            timeout_s=left_s,
            repeatable=self.operation.repeatable,
        )
        reply = self.upstream.send(outgoing)
        try:
            return handed_back(reply, self.capability) or self.outcome(reply)
        finally:
            reply.close()

    def outcome(self, reply: Reply) -> Any:
        status, content = reply.head.status, _content(reply)
        try:
            if status == 200:
                return self.codec.decode_outcome(content)
            if status == 409:
                raise self.codec.decode_refusal(content)
        except WireError as error:
            raise BadReply(str(error)) from error
        said = f"{self.capability}.{self.operation.name} answered {status}: {content[:200].decode(errors='replace')}"
        raise Unreachable(said) if status == 503 else BadReply(said)


def _content(reply: Reply) -> bytes:
    pieces, size = [], 0
    for piece in reply:
        size += len(piece)
        if size > _ANSWER_BYTES_MAX:
            raise BadReply(f"the answer is longer than {_ANSWER_BYTES_MAX} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _upstream(capability: str, home: Home) -> Upstream:
    conf = get_conf()
    url = conf.internal_url_of(capability, home)
    if url is None:
        raise Unreachable(f"no internal address of the {home} of {capability!r} is configured")
    return upstream(url, conf.connect_timeout_s, conf.max_upstream_connections)


@lru_cache(maxsize=256)
def _breaker(url: str) -> Breaker:
    return Breaker()
