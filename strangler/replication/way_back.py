"""Whether the rows could go back to the monolith, with everything that the service has written since (R17)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from django.db import DatabaseError

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.replication.flows import flow_of, recorded, stream_of


class WayBack(NamedTuple):
    """
    Attributes:
        state: `armed`: a switch back loses nothing and takes as long as any; `lagging`: nothing is lost, but the
            monolith has to catch up first; `broken`: `reverse` copies everything again before it switches.
        why: a sentence; empty while it is armed.
    """

    state: Literal["armed", "lagging", "broken"]
    why: str = ""


def way_back(capability: str) -> WayBack:
    """Return the state of the way back of a capability that the service owns; what cannot be asked is not armed."""
    try:
        row = recorded(capability, "monolith")
        if row is None:
            return WayBack("broken", "No rows flow back to the monolith.")
        lag = stream_of(row.kind, flow_of(capability, "service", "monolith")).lag()
    except (DatabaseError, StranglerError) as error:
        return WayBack("lagging", f"It cannot be seen how far the monolith is: {str(error).strip()}")
    if lag.lost:
        return WayBack("broken", lag.problem)
    if lag.problem:
        return WayBack("lagging", lag.problem)
    if lag.seconds > get_conf().lag_limit_s:
        return WayBack("lagging", f"The monolith is {lag.seconds:.1f} s behind.")
    return WayBack("armed")
