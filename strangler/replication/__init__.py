"""Copy: a capability's rows flow from one home's database to the other's."""

from strangler.replication.copy import TooSlow, count_rows, empty
from strangler.replication.counters import leap_counters
from strangler.replication.fitness import leftovers, misfits, schema_differences, unsupported
from strangler.replication.flows import fitting, flow_of, recorded, stream_of
from strangler.replication.stream import Flow, Lag, Progress, Stream

__all__ = [
    "Flow",
    "Lag",
    "Progress",
    "Stream",
    "TooSlow",
    "count_rows",
    "empty",
    "fitting",
    "flow_of",
    "leap_counters",
    "leftovers",
    "misfits",
    "recorded",
    "schema_differences",
    "stream_of",
    "unsupported",
]
