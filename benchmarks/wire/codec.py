"""What the benchmark asks of a wire library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.wire.values import Find, Page


@dataclass(frozen=True)
class Codec:
    """
    One way to the wire and back.

    Attributes:
        encode: of a query or a page.
        query: reads a request strictly: unknown fields are refused.
        page: reads a reply: unknown fields are ignored.
        strict_page: reads a page as a request would be.
        refuses_with: the errors that its callers have to expect.
    """

    encode: Callable[[Any], bytes]
    query: Callable[[bytes], Find]
    page: Callable[[bytes], Page]
    strict_page: Callable[[bytes], Page]
    refuses_with: tuple[type[Exception], ...] = (ValueError, TypeError, LookupError)
