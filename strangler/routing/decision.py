"""What a decision depends on, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from strangler.routing.state import Home, Kind, Route


class Facts(NamedTuple):
    """
    What a decision may depend on; all of it comes from the request.

    Attributes:
        host: lower case, without port.
        path: decoded, starting with `/`.
        subject: who asks, from a verified source (R9), or None.
        override: verified wishes of staff, capability to home, or None.
    """

    method: str
    host: str
    path: str
    subject: str | None = None
    override: Mapping[str, Home] | None = None


class Decision(NamedTuple):
    """
    The home that serves a request.

    Attributes:
        reason: one word for figures and `explain`: writer, share, remainder, no_subject, override; for what was the
            service's share, and goes to the writer all the same: pinned, unpinnable, lagging.
        epoch: the capability's epoch in the table that decided.
        switching: the writer may be changing now: ask the own database before a read, too.
    """

    capability: str
    home: Home
    kind: Kind
    reason: str
    epoch: int
    switching: bool
    route: Route
