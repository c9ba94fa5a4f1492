"""pydantic 2, in strict mode, on the dataclasses as they are."""

from pydantic import TypeAdapter

from benchmarks.wire.codec import Codec
from benchmarks.wire.values import Find, Page


def derive(query: type = Find, page: type = Page) -> Codec:
    """Return a codec for one operation."""
    queries, pages = TypeAdapter(query), TypeAdapter(page)

    def encode(value: object) -> bytes:
        return (queries if isinstance(value, query) else pages).dump_json(value)

    return Codec(
        encode,
        lambda raw: queries.validate_json(raw, strict=True, extra="forbid"),
        lambda raw: pages.validate_json(raw, strict=True, extra="ignore"),
        lambda raw: pages.validate_json(raw, strict=True, extra="forbid"),
    )
