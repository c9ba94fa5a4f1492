"""The sticky share: which subjects a percentage means."""

from __future__ import annotations

from xxhash import xxh64_intdigest

TOTAL_WEIGHT = 10_000


def bucket(capability: str, subject: str) -> int:
    """
    Return the subject's bucket, 0 to 9,999.

    The capability is the salt, so that the same people are not first everywhere (R9). A share of
    *w* covers the buckets below *w*: growing it moves nobody back.
    """
    return xxh64_intdigest(f"{capability}:{subject}".encode()) % TOTAL_WEIGHT
