"""What there is to say of rows on their way, asked of both homes when somebody scrapes it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import DatabaseError

from strangler.conf import MONOLITH_HOST, get_conf
from strangler.errors import StranglerError
from strangler.models import HistoryEntry
from strangler.replication.status import StreamStatus, stream_status
from strangler.replication.verify import tallies, verifications
from strangler.replication.way_back import way_back
from strangler.routing import CapabilityState
from strangler.state import load_table
from strangler.state.scraping import Sample, register_gauges

log = logging.getLogger(__name__)
_HISTORY_MAX = 50
TEXTS = {
    "rows_lag_bytes": "Of the source's log that the target has not confirmed.",
    "rows_lag_changes": "Changed rows that wait to be brought over.",
    "rows_lag_seconds": "Age of the oldest change that has not arrived.",
    "rows_errors": "Failed attempts to bring rows over since the stream began.",
    "rows_broken": "1 when nothing arrives any more.",
    "rows_copied": "Brought over so far by a first copy that is under way.",
    "rows_to_copy": "Of about so many.",
    "rows_differences": "That the last comparison of both homes has found.",
    "rows_compared_timestamp_seconds": "When it ended, in seconds since 1970.",
    "switch_pause_seconds": "For how long the last switch kept writers waiting.",
    "way_back_armed": "1 when `reverse` would lose nothing and wait for nothing; the service owns the rows.",
}


def _samples() -> Iterator[Sample]:
    """Yield what the monolith knows; a service need not know the monolith's database."""
    if get_conf().host != MONOLITH_HOST:
        return
    try:
        states = load_table().capabilities.values()
    except StranglerError as error:
        log.warning("no figures of rows: %s", error)
        return
    for state in states:
        try:
            yield from _of(state)
        except (DatabaseError, StranglerError) as error:
            log.warning("no figures of the rows of %s: %s", state.name, error)


def _of(state: CapabilityState) -> Iterator[Sample]:
    labels = [state.name]
    if stream := stream_status(state):
        yield from ((name, labels, value) for name, value in _flowing(stream).items() if value is not None)
    last = verifications().filter(capability=state.name, finished_at__isnull=False).first()
    if last is not None and last.finished_at is not None:
        yield "rows_differences", labels, sum(tally.differences for tally in tallies(last).values())
        yield "rows_compared_timestamp_seconds", labels, last.finished_at.timestamp()
    entries = HistoryEntry.objects.using(get_conf().control_database).filter(capability=state.name)
    paused = (entry.figures.get("paused_ms") for entry in entries[:_HISTORY_MAX])
    if (pause_ms := next((ms for ms in paused if ms is not None), None)) is not None:
        yield "switch_pause_seconds", labels, pause_ms / 1000
    if state.stage == "extracted":
        yield "way_back_armed", labels, float(way_back(state.name).state == "armed")


def _flowing(stream: StreamStatus) -> dict[str, float | None]:
    return {
        "rows_lag_bytes": stream.lag_bytes,
        "rows_lag_changes": stream.lag_changes,
        "rows_lag_seconds": stream.lag_s,
        "rows_errors": stream.errors,
        "rows_broken": float(stream.state == "broken"),
        "rows_copied": stream.rows,
        "rows_to_copy": stream.total,
    }


def register() -> None:
    """Let scrapes include these figures."""
    register_gauges("rows", TEXTS, ["capability"], _samples)
