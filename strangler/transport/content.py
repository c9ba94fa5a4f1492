"""Content that is in memory whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a request that this process has made itself."""

    raw: bytes
    large: ClassVar[bool] = False
    replayable: ClassVar[bool] = True

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.raw)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content, no piece empty."""
        if self.raw:
            yield self.raw


def sha256_of(body: bytes) -> str:
    """Return the hash by which a token names a body."""
    return hashlib.sha256(body).hexdigest()
