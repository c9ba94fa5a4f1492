"""
How a home says that it may not serve what it was sent: 421 (RFC 9110 15.5.20) and a signed `Strangler-Moved`.

It names who owns the rows, since which epoch; signed, so that nobody outside can make it up.
"""

from __future__ import annotations

from typing import NamedTuple

from strangler.transport import signing
from strangler.transport.client import Reply

MOVED = "Strangler-Moved"
MISDIRECTED = 421
_TTL_S = 60


class Elsewhere(NamedTuple):
    """A home was asked and may not serve it: *owner* may, since *epoch*. Nothing of the request has happened."""

    capability: str
    owner: str
    epoch: int


def moved_token(elsewhere: Elsewhere) -> str:
    """Return what `Strangler-Moved` says."""
    return signing.sign("moved", {"moved": elsewhere}, ttl_s=_TTL_S)


def read_moved(token: str, capability: str) -> Elsewhere | None:
    """Return what a 421 for *capability* says when it is the other home's own, else None."""
    payload = signing.verify("moved", token)
    moved = Elsewhere(*payload["moved"]) if payload else None
    return moved if moved and moved.capability == capability else None


def handed_back(reply: Reply, capability: str) -> Elsewhere | None:
    """Return what *reply* says if it hands the request back, having read it to its end; None for any other answer."""
    if reply.head.status != MISDIRECTED:
        return None
    token = next((value for name, value in reply.head.fields if name.lower() == MOVED.lower()), "")
    elsewhere = read_moved(token, capability)
    if elsewhere is not None:
        reply.read_away()
    return elsewhere
