"""Two homes whose rows stand still: everything is where it belongs, unless a test puts it elsewhere."""

from __future__ import annotations

from contextlib import nullcontext

from strangler.models import Verification
from strangler.replication import Flow
from strangler.replication.verify import Record, compare, tallies
from strangler.state.connection import connection_of

TABLES = ("sample_shelf", "sample_tag", "sample_book", "sample_book_tags")


class Still:
    """A stream that has nothing to bring: all that a comparison asks of one."""

    def __init__(self, flow):
        self.flow = flow

    def ready_to_drain(self):
        return nullcontext()

    def drain(self, holder, timeout_s):
        pass


def still(tables=TABLES, source="monolith", target="service"):
    """Return the stream between the homes of the sample capability."""
    ends = (connection_of("sample", source), connection_of("sample", target))
    return Still(Flow("sample", source, target, tuple(tables), *ends))


def begin(stream, epoch=1):
    return Record.begin(stream.flow, epoch, stream=0, actor="tester")


def compared(stream, **options) -> Verification:
    """Compare all, from the beginning."""
    record = begin(stream, options.pop("epoch", 1))
    compare(stream, record, lambda _: None, **options)
    return record.finish()


def counts(row: Verification) -> dict[str, tuple[int, int, int, int]]:
    """Return rows, missing, extra, different of each table."""
    return {table: (t.rows, t.missing, t.extra, t.different) for table, t in tallies(row).items()}
