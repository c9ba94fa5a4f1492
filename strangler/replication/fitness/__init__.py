"""Fit: whether the rows of a capability can live in another database, and move there one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.fitness.catalog import missing
from strangler.replication.fitness.columns import differing_columns, differing_counters, differing_formulas
from strangler.replication.fitness.constraints import differing_constraints, missing_partitions
from strangler.replication.fitness.counters import hidden_counters, shared_counters
from strangler.replication.fitness.keys import crossing_keys
from strangler.replication.fitness.models import unfit_models
from strangler.replication.fitness.references import object_numbers
from strangler.replication.fitness.rows import leftovers
from strangler.replication.fitness.tables import (
    hidden_rows,
    identified_otherwise,
    inheriting,
    without_key,
    without_rows,
)
from strangler.replication.fitness.triggers import firing_triggers
from strangler.replication.fitness.types import differing_collations, differing_encodings, differing_types
from strangler.replication.stream import Flow

__all__ = ["leftovers", "misfits", "schema_differences", "unfit_models", "unsupported"]

_ALONE = (
    without_rows,
    without_key,
    identified_otherwise,
    inheriting,
    hidden_rows,
    crossing_keys,
    object_numbers,
    hidden_counters,
    shared_counters,
    firing_triggers,
)
_TOGETHER = (
    differing_formulas,
    differing_counters,
    differing_constraints,
    missing_partitions,
    differing_types,
    differing_collations,
)


def schema_differences(
    source: BaseDatabaseWrapper, target: BaseDatabaseWrapper, tables: Sequence[str]
) -> Iterator[str]:
    """Yield a sentence for everything in which *target* cannot hold the rows of *source*, or not the way back."""
    yield from differing_encodings(source, target)
    yield from differing_columns(source, target, tables)
    absent = missing(source, tables) | missing(target, tables)
    for check in _TOGETHER:
        yield from check(source, target, [t for t in tables if t not in absent])


def unsupported(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for everything in one home's tables that no mover can take along, with what to do."""
    for check in _ALONE:
        yield from check(connection, tables)


def misfits(flow: Flow) -> Iterator[str]:
    """
    Yield a sentence for everything that keeps a capability's rows from living in two homes, each once.

    Asked about both homes, for the way back is a move as well; *leftovers* are for the first copy alone.
    """
    homes = (flow.source_connection, flow.target_connection)
    faults = [
        *unfit_models(flow.capability),
        *(fault for connection in homes for fault in unsupported(connection, flow.tables)),
        *schema_differences(*homes, flow.tables),
    ]
    yield from dict.fromkeys(faults)
