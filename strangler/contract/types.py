"""The types that may cross a border: values, strict and immutable."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset from UTC."""

_PLAIN = frozenset({str, int, bool, float, Decimal, UUID, date, NoneType})


def faults(kind: Any, where: str, inside: tuple[type, ...] = ()) -> Iterator[str]:
    """
    Yield why *kind* may not cross a border; nothing when it may.

    Args:
        where: what has the type, as the start of a sentence.
        inside: the dataclasses around it.
    """
    if kind in _PLAIN or kind == Moment or get_origin(kind) is Literal:
        return
    if get_origin(kind) is Annotated:
        yield from faults(get_args(kind)[0], where, inside)
    elif isinstance(kind, type) and is_dataclass(kind):
        yield from _dataclass_faults(kind, where, inside)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        if not issubclass(kind, str):
            yield f"{where} is {kind.__name__}: make it an Enum of str, whose values are words on the wire."
    else:
        yield from _composed_faults(kind, where, inside)


def _composed_faults(kind: Any, where: str, inside: tuple[type, ...]) -> Iterator[str]:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        yield from faults(parts[0], f"{where}, an item of it,", inside)
    elif origin is Mapping and parts[0] is str:
        yield from faults(parts[1], f"{where}, a value of it,", inside)
    elif origin in (Union, UnionType):
        yield from _union_faults(parts, where, inside)
    elif kind is datetime:
        yield f"{where} is a datetime that may be naive: use strangler.contract.Moment."
    else:
        hint = {list: "tuple[X, ...]", tuple: "tuple[X, ...]", dict: "Mapping[str, X]"}.get(origin or kind)
        yield f"{where} is {kind!r}, which may not cross a border" + (f": use {hint}." if hint else ".")


def _union_faults(parts: tuple[Any, ...], where: str, inside: tuple[type, ...]) -> Iterator[str]:
    found = [fault for part in parts for fault in faults(part, where, inside)]
    yield from found
    if not found:
        try:
            msgspec.json.Decoder(Union[parts])  # noqa: UP007  made at run time
        except TypeError:
            names = " | ".join(getattr(part, "__name__", str(part)) for part in parts)
            yield f"{where} is {names}, which JSON cannot tell apart: make it one dataclass with optional fields."


def _dataclass_faults(kind: type, where: str, inside: tuple[type, ...]) -> Iterator[str]:
    if kind in inside:
        yield f"{where} is {kind.__name__} inside of {kind.__name__}, which has no end on the wire."
        return
    if not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        yield f"{where} is {kind.__name__}: make it a frozen dataclass."
    if "__slots__" not in vars(kind):  # msgspec leaves out what an instance has from its class alone
        yield f"{where} is {kind.__name__}: give it slots=True, or it loses its defaults when it is passed on."
    for name, part in fields_of(kind).items():
        yield from faults(part, f"{kind.__name__}.{name}", (*inside, kind))


def fields_of(kind: type) -> dict[str, Any]:
    """Return the fields of a dataclass with their types, postponed annotations resolved."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def strict(kind: Any) -> Any:
    """
    Return a type that decodes like *kind* but refuses unknown fields, or *kind* itself when it has none.

    It is for checking alone: what it decodes to is a mirror of the value.
    """
    if isinstance(kind, type) and is_dataclass(kind):
        return _strict_dataclass(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple[strict(parts[0]), ...]  # type: ignore[misc]
    if origin is Mapping:
        return Mapping[str, strict(parts[1])]  # type: ignore[misc]
    if origin in (Union, UnionType):
        return Union[tuple(strict(part) for part in parts)]  # noqa: UP007  made at run time
    return kind


def _strict_dataclass(kind: type) -> type:
    optional = {field.name for field in fields(kind) if not _required(field)}
    mirrored = [
        (name, strict(part) | msgspec.UnsetType, msgspec.UNSET) if name in optional else (name, strict(part))
        for name, part in fields_of(kind).items()
    ]
    return msgspec.defstruct(kind.__name__, mirrored, kw_only=True, forbid_unknown_fields=True)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
