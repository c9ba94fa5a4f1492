"""The standard library's json, with a function each way per type, written by hand and as strict as the others."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from benchmarks.wire.codec import Codec
from benchmarks.wire.values import Find, Kind, Page, Price, Variant

Document = Mapping[str, Any]
_FIND = frozenset(Find.__dataclass_fields__)
_PRICE = frozenset(Price.__dataclass_fields__)
_VARIANT = frozenset(Variant.__dataclass_fields__)
_PAGE = frozenset(Page.__dataclass_fields__)


def _plain(value: Any) -> Any:
    match value:
        case Find():
            return {
                "text": value.text, "limit": value.limit, "in_stock": value.in_stock, "category": value.category,
                "since": value.since, "kinds": value.kinds, "at_most": value.at_most,
                "similarity": value.similarity, "labels": value.labels,
            }  # fmt: skip
        case Variant():
            return {
                "id": str(value.id), "sku": value.sku, "title": value.title, "kind": value.kind.value,
                "price": {"amount": str(value.price.amount), "currency": value.price.currency},
                "stock": value.stock, "active": value.active, "tags": value.tags, "attributes": value.attributes,
                "changed_at": value.changed_at.isoformat(),
                "ends_at": None if value.ends_at is None else value.ends_at.isoformat(),
            }  # fmt: skip
        case Page():
            return {"variants": value.variants, "total": value.total}
        case Price():
            return {"amount": value.amount, "currency": value.currency}
        case UUID() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place on the wire")


_encoder = json.JSONEncoder(default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)


def _is(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, got {value!r}")
    return value


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(_is(str, value))
    if found.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return found


def _known(document: Any, names: frozenset[str], *, strict: bool) -> Document:
    if strict and (unknown := _is(dict, document).keys() - names):
        raise ValueError(f"unknown: {unknown}")
    return _is(dict, document)  # type: ignore[no-any-return]


def _strings(values: Any) -> dict[str, str]:
    return {key: _is(str, value) for key, value in _is(dict, values).items()}


def _price(document: Any, strict: bool) -> Price:
    known = _known(document, _PRICE, strict=strict)
    if known["currency"] not in ("EUR", "GBP", "USD"):
        raise ValueError("no such currency")
    return Price(amount=Decimal(_is(str, known["amount"])), currency=known["currency"])


def _variant(document: Any, strict: bool) -> Variant:
    known = _known(document, _VARIANT, strict=strict)
    ends_at = known.get("ends_at")
    return Variant(
        id=UUID(_is(str, known["id"])),
        sku=_is(str, known["sku"]),
        title=_is(str, known["title"]),
        kind=Kind(known["kind"]),
        price=_price(known["price"], strict),
        stock=_is(int, known["stock"]),
        active=_is(bool, known["active"]),
        tags=tuple(_is(str, tag) for tag in _is(list, known["tags"])),
        attributes=_strings(known["attributes"]),
        changed_at=_moment(known["changed_at"]),
        ends_at=None if ends_at is None else _moment(ends_at),
    )


def _page(document: Any, strict: bool) -> Page:
    known = _known(document, _PAGE, strict=strict)
    variants: Iterable[Any] = _is(list, known["variants"])
    return Page(variants=tuple(_variant(found, strict) for found in variants), total=_is(int, known["total"]))


_FIND_READERS: dict[str, Callable[[Any], Any]] = {
    "text": lambda value: _is(str, value),
    "limit": lambda value: _is(int, value),
    "in_stock": lambda value: _is(bool, value),
    "category": lambda value: None if value is None else UUID(_is(str, value)),
    "since": lambda value: None if value is None else _moment(value),
    "kinds": lambda value: tuple(Kind(kind) for kind in _is(list, value)),
    "at_most": lambda value: None if value is None else _price(value, True),
    "similarity": lambda value: float(value) if type(value) is int else _is(float, value),
    "labels": lambda value: None if value is None else _strings(value),
}


def _find(document: Any) -> Find:
    known = _known(document, _FIND, strict=True)
    return Find(**{name: _FIND_READERS[name](value) for name, value in known.items()})


def derive() -> Codec:
    """Return the codec; nothing is derived, which is what writing by hand costs and saves."""

    def read(raw: bytes) -> Any:
        return _decoder.decode(raw.decode())

    return Codec(
        lambda value: _encoder.encode(_plain(value)).encode(),
        lambda raw: _find(read(raw)),
        lambda raw: _page(read(raw), False),
        lambda raw: _page(read(raw), True),
    )
