"""
What proves that a call comes from one of our hosts (R21).

A token lives for seconds, names the operation and the home that may take it, and holds the hash of the body: it opens
no other door, and no other body. Like all tokens it is signed by the first of the configured keys and verified by any.
"""

from __future__ import annotations

from typing import NamedTuple

from strangler.transport import signing

CALL = "Strangler-Call"
TTL_S = 30


class Call(NamedTuple):
    """
    A call as its sender meant it.

    Attributes:
        home: the audience.
        epoch: what the sender knows; a receiver that is behind waits for it.
        reason: writer, or `UNASKED` when the sender's table may be old.
        left_s: how long the sender still waits.
        sha256: of the body.
    """

    capability: str
    operation: str
    home: str
    epoch: int
    reason: str
    left_s: float
    sha256: str


def call_token(call: Call) -> str:
    """Return what `Strangler-Call` says."""
    return signing.sign("call", {"call": call}, ttl_s=TTL_S)


def read_call(token: str) -> Call | None:
    """Return the call that *token* proves; None when it is not ours, was made for another purpose, or is over."""
    payload = signing.verify("call", token)
    return Call(*payload["call"]) if payload else None
