"""Ids that are made in the application: no sequence has to follow a capability when it moves."""

from __future__ import annotations

import os
import threading
import time
import uuid

_guard = threading.Lock()
_last = 0


def uuid7() -> uuid.UUID:
    """
    Return a new UUIDv7 (RFC 9562 5.7), greater than every one made before in this process.

    The 12 bits after the milliseconds count fractions of one (method 3 of RFC 9562 6.2), 62 bits are random.
    """
    global _last
    with _guard:
        now = time.time_ns() * 4096 // 1_000_000
        _last = max(_last + 1, now)
        tick = _last
    return _assemble(tick, int.from_bytes(os.urandom(8), "big"))


def uuid7_at(*, unix_ms: int, randomness: int) -> uuid.UUID:
    """Return the UUIDv7 of a given moment and 74 given bits: for seeds and tests that must repeat."""
    return _assemble(unix_ms << 12 | randomness >> 62 & 0xFFF, randomness)


def _assemble(tick: int, randomness: int) -> uuid.UUID:
    """Put 48 bits of milliseconds and 12 of fractions, version, variant and 62 random bits in their places."""
    unix_ms, fraction = tick >> 12, tick & 0xFFF
    return uuid.UUID(
        int=(unix_ms & (1 << 48) - 1) << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | randomness & (1 << 62) - 1
    )
