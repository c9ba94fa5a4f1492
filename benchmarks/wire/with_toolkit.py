"""The toolkit's own codec, on msgspec: whether it refuses what it must, and with the error that it promises."""

import inspect
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from benchmarks.wire.codec import Codec
from benchmarks.wire.values import Find, Page
from strangler.contract import Codec as OperationCodec
from strangler.contract import Operation, WireError


def derive() -> Codec:
    """Return the codec of two operations: one takes the fields of a query as its arguments, one takes a page."""
    hints = get_type_hints(Find, include_extras=True)
    find = OperationCodec(_operation("find", hints, Page))
    store = OperationCodec(_operation("store", {"page": Page}, None))
    defaults = {field.name: field.default for field in fields(Find)}

    def encode(value: Any) -> bytes:
        if isinstance(value, Page):
            return find.encode_outcome(value)
        given = {name: getattr(value, name) for name in hints}
        return find.encode_arguments({n: said for n, said in given.items() if said is not defaults[n]})

    def stored(raw: bytes) -> Page:
        page: Page = store.decode_arguments(b'{"page":' + raw + b"}")["page"]
        return page

    return Codec(
        encode, lambda raw: Find(**find.decode_arguments(raw)), find.decode_outcome, stored, refuses_with=(WireError,)
    )


def _operation(name: str, arguments: dict[str, Any], returns: Any) -> Operation:
    # Made by hand, because the values' moments carry pydantic's mark besides the contract's.
    optional = frozenset(field.name for field in fields(Find) if field.default is not MISSING)
    return Operation(
        name=name, kind="query", timeout_s=1.0, key=(), repeatable=True, arguments=arguments,
        optional=optional & arguments.keys(), returns=returns, refusals={}, signature=inspect.Signature(),
    )  # fmt: skip
