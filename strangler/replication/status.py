"""How a capability's rows flow now, as an operator sees it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError

from strangler.conf import Home
from strangler.errors import StranglerError
from strangler.fence import other
from strangler.models import Stream as StreamRow
from strangler.replication.flows import flow_of, recorded, stream_of
from strangler.routing import CapabilityState


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """
    One direction of a mover.

    Attributes:
        kind: the mover.
        state: `copying`, `streaming`, `armed`, or `broken` when nothing arrives any more.
        rows: brought over so far by a copy under way, of about *total*.
        lag_bytes: of the log that the target has not confirmed; None where the mover counts changes instead.
        errors: failed attempts to bring something over, so far.
        problem: why nothing arrives; empty while all is well.
    """

    kind: str
    source: str
    target: str
    state: str
    rows: int | None = None
    total: int | None = None
    lag_bytes: int | None = None
    lag_changes: int | None = None
    lag_s: float | None = None
    errors: int = 0
    problem: str = ""


def stream_status(state: CapabilityState) -> StreamStatus | None:
    """Return how rows flow, asked of both databases; None when nothing should flow."""
    for target in (other(state.writer), state.writer):
        if row := recorded(state.name, target):
            return _asked(row, other(target), target)
    return None


def _asked(row: StreamRow, source: Home, target: Home) -> StreamStatus:
    try:
        stream = stream_of(row.kind, flow_of(row.capability, source, target))
        lag = stream.lag()
        progress = stream.progress() if row.state == StreamRow.COPYING else None
    except (DatabaseError, StranglerError) as error:
        problem = f"It cannot be asked from here: {str(error).strip()}"
        return StreamStatus(row.kind, source, target, row.state, problem=problem)
    return StreamStatus(
        row.kind,
        source,
        target,
        state="broken" if lag.problem and row.state == StreamRow.STREAMING else row.state,
        rows=progress.rows if progress else None,
        total=progress.total if progress else None,
        lag_bytes=lag.size_bytes,
        lag_changes=lag.changes,
        lag_s=round(lag.seconds, 3),
        errors=lag.errors,
        problem=lag.problem,
    )
