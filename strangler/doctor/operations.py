"""Operations that nobody executes any more, and what the table says about them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from strangler.conf import get_conf
from strangler.cutover.journal import MOVER_LEASE_S
from strangler.doctor.case import Case
from strangler.doctor.finding import Finding, Mend
from strangler.models import JournalEntry, Operation
from strangler.state import Change, publish


def operations(case: Case) -> Iterator[Finding]:
    """Find an operation that stopped, and a switch that is announced though none is under way."""
    if case.operation:
        yield from _unfinished(case, case.operation)
    elif case.state.switching:
        yield Finding(
            "switching-alone",
            "error",
            case.name,
            "The table says that a switch is under way, and no operation is.",
            "Every read asks its database first until this is mended.",
            Mend("publish that no switch is under way", partial(_end_switching, case.name)),
        )


def _unfinished(case: Case, operation: Operation) -> Iterator[Finding]:
    if operation.state == Operation.RUNNING and _alive(operation):
        yield Finding(
            "operation-running",
            "warning",
            case.name,
            f"Operation #{operation.pk} ({operation.verb}) is running in {operation.mover}.",
            "What is under way is not examined: repeat this when it has ended.",
        )
        return
    begun = JournalEntry.objects.using(get_conf().control_database).filter(operation=operation).exists()
    has = "failed" if operation.state == Operation.FAILED else "lost its mover"
    yield Finding(
        "operation-stopped",
        "error",
        case.name,
        f"Operation #{operation.pk} ({operation.verb}) has {has}, last seen {operation.seen_at:%H:%M:%S} in "
        f"{operation.mover}. {operation.error}".strip(),
        f"`strangler resume {case.name}` finishes it, `strangler undo {case.name}` puts it back.",
        None if begun else Mend("record that it never began", partial(_forget, operation)),
    )


def _alive(operation: Operation) -> bool:
    return operation.seen_at > timezone.now() - timedelta(seconds=MOVER_LEASE_S)


def _forget(operation: Operation) -> None:
    """End an operation that has done nothing; its mover, should it wake up, finds it ended before it acts."""
    alias = get_conf().control_database
    with transaction.atomic(using=alias):
        row = Operation.objects.using(alias).select_for_update().get(pk=operation.pk)
        if row.attempt == operation.attempt and row.state == operation.state and not row.journal.exists():
            Operation.objects.using(alias).filter(pk=row.pk).update(
                state=Operation.UNDONE, error="its mover died before the first step", finished_at=Now()
            )


def _end_switching(name: str) -> None:
    publish(Change(name, {"switching": False}, "doctor", "doctor", "no switch is under way"))
