"""
msgspec. It can refuse unknown fields for its own Structs only, so a request is read by way of a mirrored Struct.

Two ways from there to the dataclass are measured: reading the bytes again, and converting the Struct. What contracts
made of Structs would cost is measured too.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from benchmarks.wire.codec import Codec
from benchmarks.wire.values import Find, Page


def mirrored(kind: Any, known: dict[type, type]) -> Any:
    """Return *kind* with every dataclass in it replaced by a Struct that refuses unknown fields."""
    if is_dataclass(kind):
        return known.get(kind) or known.setdefault(kind, _struct(kind, known))
    origin = get_origin(kind)
    if origin is None:
        return kind
    if origin is Annotated:
        return Annotated[mirrored(kind.__origin__, known), *kind.__metadata__]
    inner = [mirrored(argument, known) for argument in get_args(kind)]
    return Union[*inner] if origin in (Union, types.UnionType) else origin[*inner]


def _struct(kind: Any, known: dict[type, type]) -> type:
    hints = get_type_hints(kind, include_extras=True)
    given: list[Any] = []
    for field in fields(kind):
        default = [] if field.default is MISSING else [field.default]
        given.append((field.name, mirrored(hints[field.name], known), *default))
    return msgspec.defstruct(kind.__name__, given, kw_only=True, frozen=True, forbid_unknown_fields=True)


def read_twice(kind: type) -> Callable[[bytes], Any]:
    """Return a strict reader that reads the bytes into the Struct, drops it, and reads them into *kind*."""
    check, read = msgspec.json.Decoder(mirrored(kind, {})).decode, msgspec.json.Decoder(kind).decode

    def strictly(raw: bytes) -> Any:
        check(raw)
        return read(raw)

    return strictly


def read_and_convert(kind: type) -> Callable[[bytes], Any]:
    """Return a strict reader that converts the Struct into *kind*."""
    read, convert = msgspec.json.Decoder(mirrored(kind, {})).decode, msgspec.convert
    return lambda raw: convert(read(raw), kind, from_attributes=True)


def structs_only(kind: type) -> Callable[[bytes], Any]:
    """Return a strict reader into Structs, as if contracts were made of them."""
    return msgspec.json.Decoder(mirrored(kind, {})).decode


def derive(query: type = Find, page: type = Page, strict: Callable[[type], Any] = read_twice) -> Codec:
    """Return a codec for one operation."""
    return Codec(msgspec.json.Encoder().encode, strict(query), msgspec.json.Decoder(page).decode, strict(page))
