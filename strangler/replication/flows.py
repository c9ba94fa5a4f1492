"""Which stream moves a capability's rows, now or next."""

from __future__ import annotations

from strangler.conf import Home, get_conf
from strangler.errors import Refused
from strangler.fence import tables_of
from strangler.models import Stream as StreamRow
from strangler.replication.keylog import KeylogStream
from strangler.replication.stream import Flow, Stream
from strangler.state.connection import connection_of

MOVERS = ("logical", "keylog")
"""Every kind, the better one first."""


def flow_of(capability: str, source: Home, target: Home) -> Flow:
    """
    Return where a capability's rows come from and where they go.

    Raises:
        Refused: this process knows only one of the two databases.
    """
    return Flow(
        capability,
        source,
        target,
        tuple(tables_of(capability)),
        connection_of(capability, source),
        connection_of(capability, target),
    )


def stream_of(kind: str, flow: Flow) -> Stream:
    """Return the stream of a mover."""
    if kind == KeylogStream.kind:
        return KeylogStream(flow)
    from strangler.replication.logical import LogicalStream  # it needs a driver that others do without

    return LogicalStream(flow)


def recorded(capability: str, target: Home) -> StreamRow | None:
    """Return what the control database says of the stream to *target*, or None when there should be none."""
    rows = StreamRow.objects.using(get_conf().control_database)
    return rows.filter(capability=capability, target=target).first()


def fitting(flow: Flow, *, wanted: str = "") -> Stream:
    """
    Return the mover for two databases, there and back: logical replication where it can, the keylog elsewhere.

    Args:
        wanted: the kind that the operator asks for; empty: whatever fits.

    Raises:
        Refused: none fits, with the reasons of each.
    """
    if wanted and wanted not in MOVERS:
        raise Refused(f"There is no mover {wanted!r}; there are {' and '.join(MOVERS)}.")
    reasons = []
    for kind in [wanted] if wanted else MOVERS:
        if kind == "logical" and flow.source_connection.vendor != "postgresql":
            reasons.append("logical: logical replication needs PostgreSQL.")
            continue
        stream = stream_of(kind, flow)
        faults = list(dict.fromkeys([*stream.faults(), *stream_of(kind, flow.reversed()).faults()]))
        if not faults:
            return stream
        reasons += [f"{kind}: {fault}" for fault in faults]
    raise Refused(reasons)
