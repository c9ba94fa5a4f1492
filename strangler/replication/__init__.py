"""Copy: a capability's rows from one home's database to the other's."""

from strangler.replication.copy import CopyProgress, TooSlow, copy_rows, count_rows, empty
from strangler.replication.schema import schema_differences, unsupported
from strangler.replication.verify import differing_tables

__all__ = [
    "CopyProgress",
    "TooSlow",
    "copy_rows",
    "count_rows",
    "differing_tables",
    "empty",
    "schema_differences",
    "unsupported",
]
