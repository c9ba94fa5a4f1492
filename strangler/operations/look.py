"""Look: what is true now, what happened, and why a request goes where it goes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from strangler.conf import get_conf
from strangler.cutover import LiveRouter, live_routers
from strangler.errors import Refused
from strangler.models import HistoryEntry, Operation
from strangler.proxy.own_writes import explain_copy
from strangler.replication.status import StreamStatus, stream_status
from strangler.replication.verify import verifications
from strangler.replication.way_back import way_back
from strangler.routing import CapabilityState, Facts, decide, explain
from strangler.state import load_table
from strangler.state.declared import objections


@dataclass(frozen=True, slots=True)
class CapabilityStatus:
    """
    One capability as an operator sees it.

    Attributes:
        operation: what runs or stopped half-way now, as a sentence; empty when nothing does.
        last_pause_ms: how long writers were kept waiting by the last switch, or None.
        way_back: the command that undoes the last change; empty before the first.
        way_back_state: of the rows that the service has written: `armed`, `lagging` or `broken`; empty where the
            monolith owns them.
        stream: how rows flow; None when nothing should.
        verified: what the last comparison of both homes' rows has found, and when; empty before the first.
    """

    name: str
    stage: str
    reads_percent: float
    writer: str
    epoch: int
    switching: bool
    operation: str
    last_pause_ms: int | None
    way_back: str
    way_back_state: str
    stream: StreamStatus | None
    verified: str


@dataclass(frozen=True, slots=True)
class Status:
    """The whole table, and the processes that obey it."""

    version: int
    capabilities: tuple[CapabilityStatus, ...]
    routers: tuple[LiveRouter, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "version": self.version,
            "capabilities": [asdict(c) for c in self.capabilities],
            "routers": [r._asdict() for r in self.routers],
        }


def known(capability: str) -> str:
    """
    Return *capability* if the settings know it.

    Raises:
        Refused: they do not.
    """
    names = get_conf().capabilities
    if capability not in names:
        raise Refused(f"There is no capability {capability!r}. Known: {', '.join(names) or 'none'}.")
    return capability


def movable(capability: str) -> str:
    """
    Return *capability* if this release can move its rows, or finish a move of them.

    Raises:
        Refused: the settings do not know it, or declare it complete.
    """
    if not get_conf().capabilities[known(capability)].complete:
        return capability
    shipped = (
        f"{capability} is shipped complete: its service alone has its code and its rows, and there is no way back."
    )
    raise Refused(objections().get(capability, shipped))


def status(capability: str | None = None) -> Status:
    """
    Return the newest state of all capabilities, or of one.

    Raises:
        Refused: *capability* is unknown.
        ControlUnreachable: the control database does not answer.
    """
    table = load_table()
    names = [known(capability)] if capability else list(table.capabilities)
    rows = tuple(_capability_status(table.capabilities[name]) for name in names)
    return Status(table.version, rows, tuple(live_routers()))


def _capability_status(state: CapabilityState) -> CapabilityStatus:
    alias = get_conf().control_database
    entries = HistoryEntry.objects.using(alias).filter(capability=state.name)
    last = entries.first()
    paused = next((e.figures["paused_ms"] for e in entries[:50] if e.figures.get("paused_ms") is not None), None)
    service = state.writer == "service"
    shipped = get_conf().capabilities[state.name].complete
    return CapabilityStatus(
        name=state.name,
        stage=state.stage,
        reads_percent=100.0 if service else state.reads_weight / 100,
        writer=state.writer,
        epoch=state.epoch,
        switching=state.switching,
        operation=_operation_line(state.name),
        last_pause_ms=paused,
        way_back="none: it is shipped complete" if shipped else last.undo if last else "",
        way_back_state=way_back(state.name).state if state.stage == "extracted" and not shipped else "",
        stream=None if shipped else stream_status(state),
        verified=_verified(state.name),
    )


def _verified(capability: str) -> str:
    last = verifications().filter(capability=capability, finished_at__isnull=False).first()
    return f"{last.state} at {last.finished_at:%Y-%m-%d %H:%M:%S}Z" if last else ""


def _operation_line(capability: str) -> str:
    operation = unfinished(capability)
    if operation is None:
        return ""
    if operation.state == Operation.QUEUED:
        return f"#{operation.pk} {operation.verb} waits for a mover"
    return f"#{operation.pk} {operation.verb} {operation.state} in {operation.mover}"


def unfinished(capability: str) -> Operation | None:
    """Return the operation that waits, runs, or stopped half-way, if there is one."""
    return (
        Operation.objects.using(get_conf().control_database)
        .filter(capability=capability, state__in=Operation.UNFINISHED)
        .first()
    )


def explain_request(method: str, path: str, *, host: str = "", subject: str | None = None) -> str:
    """
    Return who would serve a request, by which rule of which version.

    Raises:
        Refused: the method or the path is malformed.
    """
    if not path.startswith("/"):
        raise Refused(f"A path starts with '/': {path!r} does not. Example: explain GET /api/catalog/products.")
    if not method.isalpha():
        raise Refused(f"{method!r} is no HTTP method. Example: explain GET /api/catalog/products.")
    table, facts = load_table(), Facts(method.upper(), host, path.partition("?")[0], subject)
    decision = decide(table, facts)
    if decision is None or decision.reason != "share" or subject is None:
        return explain(table, facts)
    return f"{explain(table, facts)} {explain_copy(decision, subject)}".strip()


def history(capability: str | None = None, limit: int = 20) -> list[HistoryEntry]:
    """Return the newest changes first, at most *limit*."""
    entries = HistoryEntry.objects.using(get_conf().control_database).all()
    return list(entries.filter(capability=known(capability))[:limit] if capability else entries[:limit])
