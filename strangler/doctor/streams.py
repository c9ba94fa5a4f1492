"""Streams of rows: those that are missing, those that stand still, and what others have left behind."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from strangler.conf import HOMES, Home, get_conf
from strangler.doctor.case import Case
from strangler.doctor.finding import Finding, Mend
from strangler.doctor.keylogs import keylog
from strangler.doctor.subscriptions import subscription
from strangler.fence import other
from strangler.models import Marker
from strangler.models import Stream as StreamRow
from strangler.replication import Lag, Stream, flow_of, recorded, stream_of
from strangler.replication.flows import MOVERS

_FLOWS_TO: dict[str, Home] = {"synced": "service", "canary": "service", "extracted": "monolith"}
"""Where the rows of a capability flow that is at rest, by its stage."""


def streams(case: Case) -> Iterator[Finding]:
    """Find what is wrong with a capability's streams while no operation changes them."""
    if not case.at_rest:
        return
    for target in HOMES:
        row = recorded(case.name, target)
        if case.settled:
            yield from _left_over(case, target, row)
        if row is not None:
            yield from _recorded(case, row)
        elif case.settled and _FLOWS_TO.get(case.state.stage) == target:
            yield Finding(
                "stream-missing",
                "error",
                case.name,
                f"In stage {case.state.stage} rows should flow to the {target}, and nothing is recorded that they do.",
                renewed_by(case.name, target),
            )


def renewed_by(name: str, target: Home) -> str:
    """Say which verb copies everything again when a stream to *target* has lost something."""
    if target == "monolith":
        return f"The way back is broken: `strangler reverse {name}` copies everything again before it switches."
    return f"`strangler shift-writes {name}` copies everything again before it switches; `cancel` gives the move up."


def _stream(case: Case, target: Home, kind: str) -> Stream:
    return stream_of(kind, flow_of(case.name, other(target), target))


def _possible(case: Case) -> list[str]:
    """The movers that can have been at work between two homes like these."""
    pair = case.pair
    assert pair is not None
    return [kind for kind in MOVERS if kind != "logical" or all(place.postgresql for place in pair)]


# -- left behind ----------------------------------------------------------------------------------------------------


def _left_over(case: Case, target: Home, row: StreamRow | None) -> Iterator[Finding]:
    wanted = row is not None and _FLOWS_TO.get(case.state.stage) == target
    for kind in _possible(case):
        if wanted and row is not None and row.kind == kind:
            continue
        stream = _stream(case, target, kind)
        traces = stream.traces()
        record = row if row is not None and row.kind == kind else None
        if record is not None:
            traces.append("The control database has a record of it.")
        if traces:
            yield Finding(
                "stream-left-over",
                "error",
                case.name,
                f"In stage {case.state.stage} no rows flow to the {target} by {kind}, and there is left of it: "
                f"{' '.join(traces)}",
                "A slot or a log that nobody reads grows until its disk is full.",
                Mend("remove it; rows stay", partial(_remove, stream, record)),
            )
    if row is None:
        yield from _markers(case, target)


def _remove(stream: Stream, row: StreamRow | None) -> None:
    stream.stop()
    if row is not None:
        row.delete()


def _markers(case: Case, target: Home) -> Iterator[Finding]:
    """Find the row that travels with a stream's rows where no stream is recorded that it could travel with."""
    markers = Marker.objects.filter(capability=case.name, home=other(target))
    left = [alias for p in case.places.values() if markers.using(alias := p.connection.alias).exists()]
    traced = any(_stream(case, target, kind).traces() for kind in _possible(case))
    if left and not traced:  # otherwise it goes with the rest
        yield Finding(
            "marker-left-over",
            "warning",
            case.name,
            f"The marker of a stream to the {target} is in {' and '.join(map(repr, left))}, and no stream is.",
            "A new stream would begin with an old number.",
            Mend("delete it", partial(_forget_markers, case.name, other(target), left)),
        )


def _forget_markers(name: str, home: Home, aliases: list[str]) -> None:
    for alias in aliases:
        Marker.objects.using(alias).filter(capability=name, home=home).delete()


# -- recorded -------------------------------------------------------------------------------------------------------


def _recorded(case: Case, row: StreamRow) -> Iterator[Finding]:
    target: Home = "monolith" if row.target == "monolith" else "service"
    if case.settled and _FLOWS_TO.get(case.state.stage) != target:
        return  # it is left over as a whole
    stream = _stream(case, target, row.kind)
    lag = stream.lag()
    if lag.lost:
        yield Finding("stream-lost", "error", case.name, lag.problem, renewed_by(case.name, target))
        return
    if row.kind == "logical":
        found = list(subscription(case, stream, renewed_by(case.name, target)))
    else:
        found = list(keylog(case, stream))
    yield from found
    if not found:
        yield from _slow(case, target, lag)


def _slow(case: Case, target: Home, lag: Lag) -> Iterator[Finding]:
    limit_s = get_conf().lag_limit_s
    if lag.problem:
        yield Finding(
            "stream-stopped",
            "error",
            case.name,
            f"No rows arrive at the {target}: {lag.problem}",
            "Remove the cause; whatever was kept follows by itself.",
        )
    elif lag.seconds > limit_s:
        yield Finding(
            "stream-lagging",
            "warning",
            case.name,
            f"The {target} is {lag.seconds:.1f} s behind; the limit is {limit_s:g} s.",
            "A switch would be refused. Look for long transactions, and for what keeps the server busy.",
        )
