"""Bind: reach a capability through its contract, in this process or over the internal endpoint of another."""

from strangler.bindings.client import bind
from strangler.bindings.counting import count_requests
from strangler.bindings.errors import CallInTransaction, TooManyCalls
from strangler.bindings.loopback import loopback
from strangler.bindings.transactions import note_writes

__all__ = ["CallInTransaction", "TooManyCalls", "bind", "count_requests", "loopback", "note_writes"]
