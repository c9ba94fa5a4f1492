"""What is true now: the capabilities' state, its versions, and how every process learns of them."""

from strangler.state import follower
from strangler.state.blocks import Blocks, blocks_of, text_of
from strangler.state.connection import release_connections
from strangler.state.ownership import Owned, read_ownership
from strangler.state.store import Change, ControlUnreachable, load_table, publish, routes_of
from strangler.state.waiting import wait_for_epoch

__all__ = [
    "Blocks",
    "Change",
    "ControlUnreachable",
    "Owned",
    "blocks_of",
    "follower",
    "load_table",
    "publish",
    "read_ownership",
    "release_connections",
    "routes_of",
    "text_of",
    "wait_for_epoch",
]
