"""
The internal endpoint: a WSGI application that serves the contracts of this host's capabilities to other hosts (R21).

It belongs on an address of its own that nobody outside can reach; the public one does not know these paths.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from strangler.bindings.figures import count_served
from strangler.bindings.local import Local
from strangler.bindings.publication import port_of
from strangler.bindings.remote import PATH
from strangler.bindings.tokens import CALL, Call, read_call
from strangler.conf import Home, get_conf
from strangler.contract import Codec, Contract, Port, WireError, codecs_of
from strangler.errors import ContractError, Saturated
from strangler.fence import Moved, await_ownership, objection
from strangler.routing import decide_query
from strangler.state import follower
from strangler.state.identity import Restored
from strangler.transport.content import sha256_of
from strangler.transport.deadline import within
from strangler.transport.handing_back import MISDIRECTED, MOVED, Elsewhere, moved_token
from strangler.transport.taking import Answer, Fault, StartResponse, problem, read_body, respond
from strangler.transport.traces import OPERATION

log = logging.getLogger(__name__)
_TOKEN = "HTTP_" + CALL.upper().replace("-", "_")


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Serve one call."""
    return respond(_answer, environ, start_response)


def _answer(environ: dict[str, Any]) -> Answer:
    operation = "unknown"
    try:
        body = read_body(environ, PATH)
        call = _proven(environ, body)
        if _has_left(call):
            answer = _moved(Elsewhere(call.capability, "service", follower.table().capabilities[call.capability].epoch))
        else:
            found = _served(call)
            codec = found.codec(call)
            operation = environ[OPERATION] = f"{call.capability}.{call.operation}"
            answer = found.answer(call, codec, body)
    except Fault as fault:
        answer = problem(fault.status, str(fault))
    except Saturated as error:
        answer = problem(503, str(error))
    except Exception:
        log.exception("%s failed", operation)
        answer = problem(500, "The operation failed; its log says why.")
    count_served(operation, {200: "done", 409: "refused", MISDIRECTED: "moved"}.get(answer.status, str(answer.status)))
    return answer


def _proven(environ: dict[str, Any], body: bytes) -> Call:
    """Return what the token says, if it is ours, in time, for this host, this path and this body."""
    call = read_call(environ.get(_TOKEN, ""))
    if call is None:
        raise Fault(401, "The token is missing, over, or not signed by a key of this host.")
    if environ["PATH_INFO"] != f"{PATH}{call.capability}/{call.operation}" or call.sha256 != sha256_of(body):
        raise Fault(403, "The token was made for another call.")
    conf = get_conf()
    known = call.capability in conf.capabilities
    if not known or not (conf.home_of(call.capability) == call.home or _has_left(call)):
        raise Fault(403, f"The token is for the {call.home} of {call.capability}, and this is {conf.host}.")
    return call


def _has_left(call: Call) -> bool:
    """Whether an old table has sent it to the monolith, which this host is, and of which a complete one has left."""
    conf = get_conf()
    return conf.home_of(call.capability) is None and call.home == conf.side == "monolith"


class Served:
    """One capability as this host serves it."""

    def __init__(self, contract: Contract, home: Home) -> None:
        self._capability = contract.name
        self._home = home
        self._codecs = codecs_of(contract)
        self._local = Local(contract)

    def codec(self, call: Call) -> Codec:
        """Return the wire of the operation that is called."""
        codec = self._codecs.get(call.operation)
        if codec is None:
            raise Fault(404, f"{call.capability} has no {call.operation}: is this host older than its caller?")
        return codec

    def answer(self, call: Call, codec: Codec, body: bytes) -> Answer:
        """Run a call, or say where it belongs."""
        try:
            arguments = codec.decode_arguments(body)
        except WireError as error:
            raise Fault(400, str(error)) from error
        with within(call.left_s):
            elsewhere = self._elsewhere(call, codec.operation.kind)
            return _moved(elsewhere) if elsewhere else self._run(codec, arguments)

    def _run(self, codec: Codec, arguments: dict[str, Any]) -> Answer:
        try:
            return Answer(200, codec.encode_outcome(self._local.run(codec.operation, arguments)))
        except Moved as moved:
            if moved.capability != self._capability:
                raise
            return _moved(Elsewhere(moved.capability, moved.owner, moved.epoch))
        except Restored as error:
            raise Fault(503, str(error)) from error
        except ContractError as error:
            if codec.operation.refusals.get(error.code) is not type(error):
                raise  # not what the contract promises: a bug, not a refusal
            return Answer(409, codec.encode_refusal(error))

    def _elsewhere(self, call: Call, kind: str) -> Elsewhere | None:
        state = follower.table().capabilities[self._capability]
        if kind == "query":
            owned = objection(decide_query(state, call.operation), self._home, epoch=call.epoch, reason=call.reason)
        elif state.epoch < call.epoch or state.writer != self._home:
            found = await_ownership(self._capability, self._home, call.epoch, call.left_s)
            owned = found if found.owner != self._home or found.epoch < call.epoch else None
        else:
            owned = None
        return Elsewhere(self._capability, owned.owner, owned.epoch) if owned else None


def _served(call: Call) -> Served:
    port = port_of(call.capability)
    if port is None:
        raise Fault(404, f"{call.capability} publishes no contract.")
    return served(port, get_conf().home_of(call.capability))


@lru_cache(maxsize=64)
def served(port: Port[Any], home: Home) -> Served:
    """Return the capability behind *port* as *home* serves it, made once."""
    return Served(port.contract, home)


def _moved(elsewhere: Elsewhere) -> Answer:
    return Answer(MISDIRECTED, b"", ((MOVED, moved_token(elsewhere)),))
