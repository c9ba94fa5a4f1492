"""Comparisons of both homes' rows that nobody goes on with, and differences that nobody has mended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from strangler.doctor.case import Case
from strangler.doctor.finding import Finding, Mend
from strangler.models import Verification
from strangler.replication.verify import tallies
from strangler.replication.verify import verifications as recorded
from strangler.replication.verify.record import RESUME_WITHIN

_SILENT = timedelta(minutes=1)
"""A comparison keeps its place several times a second, and while it waits for a moment of stillness once in a while."""


def verifications(case: Case) -> Iterator[Finding]:
    """Find a comparison that was cut off, and the last one if it has found differences that are still there."""
    now = timezone.now()
    for row in recorded().filter(capability=case.name, state=Verification.RUNNING, changed_at__lt=now - _SILENT):
        yield _cut_off(case, row, goes_on=row.epoch == case.state.epoch and row.changed_at > now - RESUME_WITHIN)
    last = recorded().filter(capability=case.name, finished_at__isnull=False).first()
    has_copy = case.state.stage not in ("monolith", "complete")
    if last and has_copy and (last.state, last.epoch) == (Verification.DIFFERENT, case.state.epoch):
        count = sum(tally.differences for tally in tallies(last).values())
        yield Finding(
            "copy-different",
            "error",
            case.name,
            f"The comparison of {last.finished_at:%Y-%m-%d %H:%M}Z found {count:,} rows that were not the same at the "
            "copy, and they were not mended.",
            f"`strangler verify {case.name} --repair` compares again and mends. Find out who wrote past the fence.",
        )


def _cut_off(case: Case, row: Verification, *, goes_on: bool) -> Finding:
    rows = sum(tally.rows for tally in tallies(row).values())
    advice = f"`strangler verify {case.name}` goes on there." if goes_on else "Too much has happened since to go on."
    return Finding(
        "verification-unfinished",
        "warning",
        case.name,
        f"The comparison that {row.actor} began at {row.started_at:%Y-%m-%d %H:%M}Z was cut off after {rows:,} rows.",
        advice,
        None if goes_on else Mend("forget it", lambda: _forget(row)),
    )


def _forget(row: Verification) -> None:
    """Remove it unless somebody goes on with it after all."""
    recorded().filter(pk=row.pk, state=row.state, changed_at=row.changed_at).delete()
