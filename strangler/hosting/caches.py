"""Cache keys that cannot outlive a switch (R11)."""

from __future__ import annotations

from strangler.conf import get_conf
from strangler.state import follower


def epoch_key(key: str, key_prefix: str, version: int) -> str:
    """
    Return the key under which a host keeps *key*: with its own name and the epochs of its capabilities.

    What a home cached before it lost or regained the writer is thereby never found again.
    """
    conf = get_conf()
    states = follower.table().capabilities
    epochs = ".".join(f"{name}{states[name].epoch}" for name in sorted(conf.own_capabilities) if name in states)
    return f"{key_prefix}:{conf.host}:{epochs}:{version}:{key}"
