"""
The internal endpoint that takes copies of events from other hosts (R21).

It belongs on an address of its own that nobody outside can reach; the public one does not know these paths.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from strangler.conf import get_conf
from strangler.contract import WireError
from strangler.events.direct import ERRAND, PATH, read_errand
from strangler.events.inbox import receive
from strangler.fence import Moved
from strangler.transport.content import sha256_of
from strangler.transport.handing_back import MISDIRECTED
from strangler.transport.taking import Answer, Fault, StartResponse, problem, read_body, respond
from strangler.transport.traces import OPERATION

log = logging.getLogger(__name__)
_TOKEN = "HTTP_" + ERRAND.upper().replace("-", "_")
_copies = msgspec.json.Decoder(list[str])


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Take copies of events for one capability, and answer with the receipts."""
    return respond(_answer, environ, start_response)


def _answer(environ: dict[str, Any]) -> Answer:
    try:
        body = read_body(environ, PATH)
        subscriber = _proven(environ, body)
        environ[OPERATION] = f"events.{subscriber}"
        return Answer(200, msgspec.json.encode(receive(subscriber, _copies.decode(body))))
    except Fault as fault:
        return problem(fault.status, str(fault))
    except (WireError, ValueError) as error:
        return problem(400, str(error))
    except Moved as moved:
        return problem(MISDIRECTED, str(moved))
    except Exception:
        log.exception("events were not taken")
        return problem(500, "The events were not taken; the log says why.")


def _proven(environ: dict[str, Any], body: bytes) -> str:
    """Return the subscriber, if the token is ours, in time, and for this host, this path and this body."""
    errand = read_errand(environ.get(_TOKEN, ""))
    if errand is None:
        raise Fault(401, "The token is missing, over, or not signed by a key of this host.")
    if environ["PATH_INFO"] != f"{PATH}{errand.subscriber}" or errand.sha256 != sha256_of(body):
        raise Fault(403, "The token was made for other events.")
    conf = get_conf()
    if errand.subscriber not in conf.capabilities or conf.home_of(errand.subscriber) != errand.home:
        raise Fault(403, f"The token is for the {errand.home} of {errand.subscriber}, and this is {conf.host}.")
    return errand.subscriber
