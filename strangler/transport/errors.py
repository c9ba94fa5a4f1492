"""What can go wrong between the homes; after `RemoteCallError` the call may have run."""

from __future__ import annotations

from strangler.errors import Saturated, StranglerError


class RemoteCallError(StranglerError):
    """The other home gave no usable answer; whether the request ran there is unknown."""


class Unreachable(RemoteCallError):
    """No connection, or it broke before an answer began."""


class TimedOut(RemoteCallError):
    """The answer did not begin, or did not go on, within the deadline."""


class BadReply(RemoteCallError):
    """The answer breaks HTTP, or ended before it was complete."""


class UpstreamSaturated(Saturated):
    """All connections to the other home are in use."""


class BadRequest(StranglerError):
    """The request cannot be forwarded without changing its meaning."""


class LengthRequired(BadRequest):
    """The content must say its size."""


class BodyCut(BadRequest):
    """The client stopped before its body was complete."""
