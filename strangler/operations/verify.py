"""Compare a capability's rows in both homes, and bring the copy into line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strangler.conf import Home
from strangler.errors import Refused
from strangler.models import Stream as StreamRow
from strangler.models import Verification
from strangler.operations.look import known, movable, unfinished
from strangler.replication import Stream, flow_of, recorded, schema_differences, stream_of
from strangler.replication.verify import (
    KINDS,
    Pace,
    Record,
    Report,
    Tally,
    compare,
    repair,
    set_values,
    tallies,
    verifications,
)
from strangler.state import load_table
from strangler.state.store import state_of

__all__ = ["KINDS", "Pace", "Report", "Verified", "last_verification", "repair_copy", "verify", "with_copies"]

_COPY_AT: dict[str, Home] = {"synced": "service", "canary": "service", "extracted": "monolith"}


@dataclass(frozen=True, slots=True)
class Verified:
    """
    What a comparison has found.

    Attributes:
        state: `equal`, `different` or `repaired`.
        tables: in the order in which they were compared.
        repaired: rows brought into line since.
    """

    id: int
    capability: str
    epoch: int
    state: str
    tables: Mapping[str, Tally]
    repaired: int
    at: datetime
    seconds: float

    @property
    def rows(self) -> int:
        """How many rows of the owner were compared."""
        return sum(tally.rows for tally in self.tables.values())

    @property
    def rows_per_s(self) -> int:
        """How quick it was."""
        return round(self.rows / self.seconds) if self.seconds else 0

    @property
    def differences(self) -> int:
        """How many rows were not the same in both homes."""
        return sum(tally.differences for tally in self.tables.values())

    @property
    def holds(self) -> bool:
        """Whether the copy is as its owner, now that it is repaired or without."""
        return self.state != Verification.DIFFERENT

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        names = ("rows", *KINDS, "keys")
        tables = {table: {name: getattr(tally, name) for name in names} for table, tally in self.tables.items()}
        return {
            "id": self.id,
            "capability": self.capability,
            "epoch": self.epoch,
            "state": self.state,
            "rows": self.rows,
            "differences": self.differences,
            "repaired": self.repaired,
            "at": self.at,
            "seconds": self.seconds,
            "rows_per_s": self.rows_per_s,
            "tables": tables,
        }


def with_copies(capability: str | None) -> list[str]:
    """
    Return the capabilities whose rows can be compared: the one that is named, or all that have a copy.

    Raises:
        Refused: there is none.
    """
    if capability:
        return [known(capability)]
    names = [name for name, state in load_table().capabilities.items() if state.stage in _COPY_AT]
    if not names:
        raise Refused("No capability has a copy of its rows: `strangler prepare` makes one.")
    return names


def verify(capability: str, *, actor: str, report: Report) -> Verified:
    """
    Compare the rows of both homes as they were at one moment, or go on where a comparison was cut off.

    Args:
        report: hears how far it is.

    Raises:
        Refused: there is no copy, or it is not in step.
    """
    row, stream = _stream(capability)
    epoch = state_of(capability).epoch
    record = Record.begin(stream.flow, epoch, stream=row.pk, actor=actor)
    compare(stream, record, report)
    return _verified(record.finish(), stream.flow.tables)


def repair_copy(verified: Verified, *, report: Report) -> Verified:
    """
    Bring the copy into line where a comparison has found differences; the owner is left alone.

    Raises:
        Refused: the capability has moved since, or the copy cannot take the rows in.
    """
    _, stream = _stream(verified.capability)
    done = repair(stream, verified.epoch, dict(verified.tables), report)
    row = verifications().get(pk=verified.id)
    set_values(row, {"repaired": row.repaired + done, "state": Verification.REPAIRED})
    return _verified(row, stream.flow.tables)


def last_verification(capability: str) -> Verified | None:
    """Return what the last comparison has found; None before the first has ended."""
    row = verifications().filter(capability=capability, finished_at__isnull=False).first()
    return _verified(row, list(row.tables)) if row else None


def _stream(capability: str) -> tuple[StreamRow, Stream]:
    """Return what keeps the copy in step."""
    state = state_of(movable(capability))
    if operation := unfinished(capability):
        raise Refused(
            f"Operation #{operation.pk} ({operation.verb}, {operation.state}) is unfinished: wait for it, or "
            f"`strangler resume {capability}` or `strangler undo {capability}` comes first."
        )
    copy = _COPY_AT.get(state.stage)
    if copy is None:
        first = f" `strangler prepare {capability}` makes one." if state.stage == "monolith" else ""
        raise Refused(f"{capability} is in stage {state.stage}: its rows have no copy to compare with.{first}")
    row = recorded(capability, copy)
    if row is None or row.state != StreamRow.STREAMING:
        raise Refused(f"Nothing keeps the {copy}'s copy of {capability} in step: `strangler doctor` says why.")
    stream = stream_of(row.kind, flow_of(capability, "monolith" if copy == "service" else "service", copy))
    flow = stream.flow
    faults = [*schema_differences(flow.source_connection, flow.target_connection, flow.tables)]
    if problem := stream.lag().problem:
        faults.append(problem)
    if faults:
        raise Refused(faults)
    return row, stream


def _verified(row: Verification, tables: Sequence[str]) -> Verified:
    assert row.finished_at is not None
    found = tallies(row)
    return Verified(
        id=row.pk,
        capability=row.capability,
        epoch=row.epoch,
        state=row.state,
        tables={table: found[table] for table in tables},
        repaired=row.repaired,
        at=row.finished_at,
        seconds=round((row.finished_at - row.started_at).total_seconds(), 3),
    )
