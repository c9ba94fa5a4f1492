"""What `strangler mover` does: queued operations, and the rows of movers that need somebody to bring them over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from strangler.conf import get_conf
from strangler.cutover import Event, Report, mover_name
from strangler.errors import Refused, StranglerError
from strangler.models import JournalEntry, Operation
from strangler.operations.verbs import execute_queued
from strangler.replication.keylog.applying import serve as apply_keylogs

LOOK_S = 0.5
log = logging.getLogger("strangler.mover")


def serve_mover(stopping: threading.Event, report: Report) -> None:
    """Execute what is queued, one operation after another, and apply keylogs, until told to stop."""
    applying = threading.Thread(target=apply_keylogs, args=[stopping], name="strangler-keylog", daemon=True)
    applying.start()
    try:
        while not stopping.is_set():
            if not _execute_next(report):
                stopping.wait(LOOK_S)
    finally:
        stopping.set()
        applying.join(timeout=LOOK_S * 4)


def execute_all(report: Report) -> int:
    """Execute what is queued now, and return how many operations that was."""
    count = 0
    while _execute_next(report):
        count += 1
    return count


def _execute_next(report: Report) -> bool:
    """Execute the oldest queued operation that this process knows both homes of; False when there is none."""
    try:
        operation = _take()
    except DatabaseError as error:
        log.warning("the control database does not answer: %s", str(error).strip())
        connections[get_conf().control_database].close()
        return False
    if operation is None:
        return False
    log.info("operation #%s: %s %s", operation.pk, operation.verb, operation.capability)
    try:
        log.info("%s", execute_queued(operation, report).done)
    except (StranglerError, DatabaseError) as error:
        log.warning("operation #%s (%s %s): %s", operation.pk, operation.verb, operation.capability, error)
    finally:
        connections.close_all()
    return True


def _take() -> Operation | None:
    conf = get_conf()
    reachable = [name for name, capability in conf.capabilities.items() if len(capability.databases) > 1]
    with transaction.atomic(using=conf.control_database):
        queued = Operation.objects.using(conf.control_database).filter(state=Operation.QUEUED, capability__in=reachable)
        operation = queued.order_by("pk").select_for_update().first()
        if operation is not None:
            operation.state, operation.mover, operation.seen_at = Operation.RUNNING, mover_name(), timezone.now()
            operation.save(update_fields=["state", "mover", "seen_at"])
    return operation


def follow(number: int, stopping: threading.Event) -> Iterator[Event | Operation]:
    """
    Yield what an operation does, from its beginning, and at last the operation as it ended.

    Raises:
        Refused: there is no such operation.
    """
    alias = get_conf().control_database
    seen = 0
    while not stopping.is_set():
        operation = Operation.objects.using(alias).filter(pk=number).first()
        if operation is None:
            raise Refused(f"There is no operation #{number}: `strangler history` and `strangler status` name them.")
        for entry in JournalEntry.objects.using(alias).filter(operation=operation, pk__gt=seen).order_by("pk"):
            seen = entry.pk
            yield Event(entry.step, "begin" if entry.phase == "intent" else "end", figures=entry.data)
        if operation.state not in (Operation.QUEUED, Operation.RUNNING):
            yield operation
            return
        stopping.wait(LOOK_S / 2)
