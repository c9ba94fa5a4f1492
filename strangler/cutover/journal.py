"""What a mover writes down before and after each step, and how it learns that another has taken over."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models.functions import Now
from django.dispatch import Signal

from strangler.conf import get_conf
from strangler.errors import StranglerError
from strangler.models import JournalEntry, Operation
from strangler.state.connection import dedicated

entry_written = Signal()
"""Sent after a journal entry was committed; arguments: entry."""

MOVER_LEASE_S = 3.0
LIVING = (Operation.RUNNING, Operation.FAILED)
Note = tuple[str, str, Mapping[str, Any]]
"""Step, phase, and what it found."""


class Superseded(StranglerError):
    """Another mover has taken the operation over; this one must not act any more."""


def mover_name() -> str:
    """Return this process as others should name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Journal:
    """The journal of one attempt at an operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.attempt = operation.attempt
        self.alias = get_conf().control_database

    @property
    def mark(self) -> str:
        """The name under which this attempt sets ownership rows (R1)."""
        return f"{self.operation.pk}.{self.attempt}"

    def write(self, *notes: Note) -> None:
        """
        Commit an entry for each of *notes*, all at once.

        Raises:
            Superseded: a newer attempt exists, or the operation has ended.
        """
        entries = [
            JournalEntry(operation=self.operation, attempt=self.attempt, step=step, phase=phase, data=dict(data))
            for step, phase, data in notes
        ]
        with self.mine():
            JournalEntry.objects.using(self.alias).bulk_create(entries)
        for entry in entries:
            entry_written.send(sender=Journal, entry=entry)

    def finish(self, state: str, error: str = "") -> None:
        """
        End the attempt.

        Raises:
            Superseded: a newer attempt exists, or the operation has ended.
        """
        with self.mine():
            Operation.objects.using(self.alias).filter(pk=self.operation.pk).update(
                state=state, error=error, finished_at=Now(), seen_at=Now()
            )
        self.operation.refresh_from_db(using=self.alias)

    @contextmanager
    def mine(self) -> Iterator[None]:
        """
        Run a block as one transaction of the control database in which no newer attempt exists.

        Raises:
            Superseded: a newer attempt exists, or the operation has ended; the block was not entered.
        """
        with transaction.atomic(using=self.alias):
            operation = Operation.objects.using(self.alias).filter(pk=self.operation.pk)
            if not operation.filter(attempt=self.attempt, state__in=LIVING).update(seen_at=Now()):
                self.assert_mine()
            yield

    def assert_mine(self) -> None:
        """
        Make sure that no newer attempt exists at this instant.

        Whoever holds a lock that every newer attempt needs may rely on the answer until it lets go.

        Raises:
            Superseded: a newer attempt exists, or the operation has ended.
        """
        row = Operation.objects.using(self.alias).get(pk=self.operation.pk)
        if row.attempt != self.attempt or row.state not in LIVING:
            raise Superseded(f"operation #{row.pk} was taken over by {row.mover}; this mover has stopped")


class Heartbeat:
    """Says every second that the mover is alive, from a thread and a connection of its own."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="strangler-heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(timeout=MOVER_LEASE_S)

    def _beat(self) -> None:
        connection = dedicated(get_conf().control_database)
        try:
            while not self.over.wait(MOVER_LEASE_S / 3):
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE strangler_operation SET seen_at = CURRENT_TIMESTAMP WHERE id = %s AND attempt = %s",
                        [self.operation.pk, self.operation.attempt],
                    )
        except DatabaseError:
            return  # the mover meets the same trouble at its next step, and reports it there
        finally:
            connection.close()
