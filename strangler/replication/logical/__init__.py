"""The mover `logical`: PostgreSQL's own logical replication brings the rows over."""

from strangler.replication.logical.stream import LogicalStream

__all__ = ["LogicalStream"]
