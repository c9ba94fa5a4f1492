"""Tells of stock as it is, in batches that each assert ownership."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monolith.inventory import ledger
from strangler.fence import owning
from strangler.hosting.batches import Progress

# Short enough that a switch which waits for a batch does not notice.
_BATCH = 250


def announce(skus: Sequence[str]) -> Iterator[Progress]:
    """
    Publish of known *skus* whether there is something to promise.

    Yields:
        After each batch.

    Raises:
        Moved: this home does not own the inventory, or no longer; the batches before are told.
    """
    for start in range(0, len(skus), _BATCH):
        batch = skus[start : start + _BATCH]
        with owning("inventory"):
            ledger.announce(batch)
        yield Progress(start + len(batch), start + len(batch))
