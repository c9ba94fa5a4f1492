"""A stream by the log of keys some of whose tables do not log."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction

from strangler.doctor.case import Case
from strangler.doctor.finding import Finding, Mend
from strangler.replication import Stream
from strangler.replication.keylog import KeylogStream


def keylog(case: Case, stream: Stream) -> Iterator[Finding]:
    """Find tables whose changes are not logged: a rebuild of the table drops its triggers on SQLite."""
    assert isinstance(stream, KeylogStream)
    logging = set(stream.triggers.armed())
    silent = [table for table in stream.tables if table not in logging]
    if silent:
        yield Finding(
            "keylog-silent",
            "error",
            case.name,
            f"Changes of {', '.join(silent)} in {stream.source.alias!r} are not logged, so they do not reach the "
            f"{stream.flow.target}.",
            "What was changed meanwhile is unknown: those tables are brought over as a whole.",
            Mend("let them log, and bring them over again", partial(_adapt, stream)),
        )


def _adapt(stream: Stream) -> None:
    with transaction.atomic(using=stream.flow.source_connection.alias):
        stream.adapt()
