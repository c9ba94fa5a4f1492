"""The mover `keylog`: triggers log the keys of what changes, an applier brings over the rows as they are by then."""

from strangler.replication.keylog.stream import KeylogStream

__all__ = ["KeylogStream"]
