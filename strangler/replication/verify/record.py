"""What a comparison has found so far, in the control database: a killed one goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from strangler.conf import get_conf
from strangler.errors import Refused
from strangler.models import Verification
from strangler.replication.stream import Flow
from strangler.replication.verify.side import Key, Range

RESUME_WITHIN = timedelta(hours=1)
KEPT = 50
"""Results per capability; who watches makes one every few seconds."""
KINDS = ("missing", "extra", "different")


@dataclass
class Tally:
    """
    What was found in one table.

    Attributes:
        rows: of the owner that were compared.
        missing: at the copy.
        extra: at the copy.
        keys: the first rows of each kind, as a person reads them.
        ranges: that were not equal.
    """

    rows: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    keys: dict[str, list[list[str]]] = field(default_factory=dict)
    ranges: list[list[list[str] | None]] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """How many rows are not the same in both homes."""
        return self.missing + self.extra + self.different

    def unequal(self) -> list[Range]:
        """Return the ranges in which the differences are."""
        return [Range(*(None if key is None else tuple(key) for key in keys)) for keys in self.ranges]


def tallies(row: Verification) -> dict[str, Tally]:
    """Return what a row of the control database says, table by table."""
    return {table: Tally(**found) for table, found in row.tables.items()}


def verifications() -> QuerySet[Verification]:
    """Return all rows, newest first."""
    return Verification.objects.using(get_conf().control_database)


class Record:
    """
    A running comparison; of several processes that go on with one, the last to begin wins.

    Attributes:
        tables: what was found, by table; in the order in which they are compared.
        table: that is under way; None when all are done.
        after: the key after which it goes on there.
    """

    def __init__(self, row: Verification, tables: tuple[str, ...]) -> None:
        self.row = row
        found = tallies(row)
        self.tables = {table: found.get(table, Tally()) for table in tables}
        self.table: str | None = row.place.get("table", next(iter(tables), None))
        after = row.place.get("after")
        self.after: Key | None = None if after is None else tuple(after)

    @classmethod
    def begin(cls, flow: Flow, epoch: int, *, stream: int, actor: str) -> Record:
        """
        Go on with the comparison that was cut off, or begin a new one.

        Args:
            stream: which stream keeps the copy in step; what was compared under another one counts no more.
        """
        fixed = {"stream": stream, "tables": list(flow.tables)}
        running = verifications().filter(capability=flow.capability, state=Verification.RUNNING)
        for row in running.filter(epoch=epoch, changed_at__gt=timezone.now() - RESUME_WITHIN)[:1]:
            record = cls(row, tuple(flow.tables))
            if fixed.items() <= row.place.items():
                record.save()
                return record
        running.delete()
        row = verifications().create(capability=flow.capability, epoch=epoch, actor=actor, place=fixed)
        return cls(row, tuple(flow.tables))

    @property
    def rows(self) -> int:
        """How many rows of the owner were compared so far."""
        return sum(tally.rows for tally in self.tables.values())

    def passed(self, upto: Key | None) -> None:
        """Go on after *upto*, or with the next table when it is None."""
        self.after = upto
        if upto is None:
            names = list(self.tables)
            rest = names[names.index(self.table) + 1 :] if self.table is not None else []
            self.table = next(iter(rest), None)

    def save(self) -> None:
        """
        Keep place and counts together, so that each row is counted once.

        Raises:
            Refused: another process goes on with it, or has begun anew.
        """
        place = {**self.row.place, "table": self.table, "after": self.after}
        self._set(place=place, tables={table: asdict(tally) for table, tally in self.tables.items()})

    def finish(self) -> Verification:
        """Keep the result, and forget old ones."""
        same = not any(tally.differences for tally in self.tables.values())
        self.save()
        self._set(place={}, finished_at=timezone.now(), state=Verification.EQUAL if same else Verification.DIFFERENT)
        ended = verifications().filter(capability=self.row.capability, finished_at__isnull=False)
        ended.filter(pk__in=list(ended.values_list("pk", flat=True)[KEPT:])).delete()
        return self.row

    def _set(self, **values: Any) -> None:
        set_values(self.row, {"changed_at": timezone.now(), **values})


def set_values(row: Verification, values: Mapping[str, Any]) -> None:
    """
    Change a row as this process has left it.

    Raises:
        Refused: another process has changed it since.
    """
    mine = verifications().filter(pk=row.pk, state=row.state, changed_at=row.changed_at)
    if not mine.update(**values):
        raise Refused(f"Another process compares the rows of {row.capability} now; see `strangler status`.")
    for name, value in values.items():
        setattr(row, name, value)
