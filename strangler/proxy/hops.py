"""
The protocol between the homes' routers.

A forwarded request carries `Strangler-Hop`: what the sender decided, by which epoch; signed, so that nobody outside
can make it up. A home that may not serve it hands it back (`strangler.transport.handing_back`).
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple

from django.http import HttpResponse

from strangler.routing import Decision
from strangler.transport import signing
from strangler.transport.handing_back import MISDIRECTED, MOVED, Elsewhere, moved_token

HOP = "Strangler-Hop"
HOP_TTL_S = 60
_HOP_MADE_EVERY_S = 5


class Hop(NamedTuple):
    """
    A request forwarded by the other home.

    Attributes:
        epoch: what the sender knows; a receiver that is behind waits for it (R4).
        reason: the sender's decision; a share or an override may ask a home that is not the writer.
        left_s: how long the sender will wait for an answer.
    """

    capability: str
    home: str
    kind: str
    epoch: int
    reason: str
    left_s: float


def hop_token(decision: Decision, epoch: int, left_s: float) -> str:
    """Return what `Strangler-Hop` says for a request forwarded by *decision*."""
    hop = Hop(decision.capability, decision.home, decision.kind, epoch, decision.reason, left_s)
    return _hop_token(hop, int(time.monotonic() / _HOP_MADE_EVERY_S))


@lru_cache(maxsize=256)
def _hop_token(hop: Hop, now: int) -> str:
    # It says nothing of the single request, so that one serves all of a few seconds.
    return signing.sign("hop", {"hop": hop}, ttl_s=HOP_TTL_S + _HOP_MADE_EVERY_S)


def read_hop(token: str) -> Hop | None:
    """Return the hop that *token* proves, or None."""
    payload = signing.verify("hop", token)
    return Hop(*payload["hop"]) if payload else None


class HandBack(HttpResponse):
    """The answer by which this home hands a request back."""

    status_code = MISDIRECTED
    outcome = "handed_back"
    _has_been_logged = True  # Django warns of every 4xx; this one is the protocol's everyday

    def __init__(self, capability: str, owner: str, epoch: int) -> None:
        super().__init__(content_type="text/plain")
        self.headers[MOVED] = moved_token(Elsewhere(capability, owner, epoch))
        self.headers["Cache-Control"] = "no-store"
        self.headers["Content-Length"] = "0"
