"""Questions of correctness: what must be refused on the wire, what must come through unharmed."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from benchmarks.wire.codec import Codec
from benchmarks.wire.values import Find, Price

Ask = Callable[[Codec], object]


class Sku(str):
    """A string that is not exactly a str, as Django's SafeString is not."""


def _reads(fields: str) -> Ask:
    return lambda codec: codec.query(('{"text":"x",' + fields + "}").encode())


def _carries(**fields: object) -> Ask:
    """Ask for a query with *fields* at the other side, after both ways."""
    return lambda codec: codec.query(codec.encode(Find(**{"text": "x", **fields})))  # type: ignore[arg-type]


def _page_with(extra: str) -> Ask:
    return lambda codec: codec.page(('{"variants":[],"total":0,' + extra + "}").encode())


REFUSED: dict[str, Ask] = {
    '"5" for an int': _reads('"limit":"5"'),
    "5.0 for an int": _reads('"limit":5.0'),
    "true for an int": _reads('"limit":true'),
    "1 for a bool": _reads('"in_stock":1'),
    "5 for a str": lambda codec: codec.query(b'{"text":5}'),
    "a moment without time zone": _reads('"since":"2026-01-01T00:00:00"'),
    "seconds since 1970 in a string for a moment": _reads('"since":"1700000000"'),
    "an unknown field": _reads('"colour":"red"'),
    "an unknown field of a nested value": _reads('"at_most":{"amount":"1","currency":"EUR","colour":1}'),
    "a missing field": lambda codec: codec.query(b"{}"),
    "an unknown member of an enum": _reads('"kinds":["paper"]'),
    "a currency that the Literal lacks": _reads('"at_most":{"amount":"1","currency":"XXX"}'),
    "NaN (RFC 8259 6)": _reads('"similarity":NaN'),
    "1e999, which no float holds": _reads('"similarity":1e999'),
    '"NaN" for a Decimal': _reads('"at_most":{"amount":"NaN","currency":"EUR"}'),
    "a UUID in braces": _reads('"category":"{00000000-0000-0000-0000-000000000001}"'),
    "half a surrogate pair": _reads('"labels":{"a":"\\ud800"}'),
    "bytes that are no UTF-8": lambda codec: codec.query(b'{"text":"\xff"}'),
    "100,000 brackets in a reply's unknown field": _page_with('"more":' + "[" * 100_000 + "]" * 100_000),
    "one name twice": _reads('"limit":1,"limit":2'),
    "sending NaN": _carries(similarity=float("nan")),
    "sending a naive moment": lambda codec: codec.encode(Find(text="x", since=datetime(2026, 1, 1))),
    "sending an int where a str is declared": lambda codec: codec.encode(Find(text=5)),  # type: ignore[arg-type]
}
TAKEN: dict[str, Ask] = {
    "an unknown field of a reply": _page_with('"more":1'),
    "2 to the power of 70": _carries(limit=2**70),
    "a whole number for a float": _reads('"similarity":1'),
    'Decimal("0.10"), both digits': _carries(at_most=Price(amount=Decimal("0.10"), currency="EUR")),
    "a str subclass": _carries(text=Sku("x")),
    "a read-only mapping": _carries(labels=MappingProxyType({"a": "b"})),
    "+02:00, kept": lambda codec: codec.query(b'{"text":"x","since":"2026-01-01T02:00:00+02:00"}').since.isoformat(),
}


def answer(ask: Ask, codec: Codec) -> str:
    """Return `refused`, `taken`, or the class of an error that callers do not expect."""
    try:
        ask(codec)
    except codec.refuses_with:
        return "refused"
    except Exception as error:
        return type(error).__name__
    return "taken"
