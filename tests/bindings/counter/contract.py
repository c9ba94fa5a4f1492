"""What the counter offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from strangler.contract import Moment, Port, command, query
from strangler.errors import ContractError


class TooMuch(ContractError):
    """The total would exceed the limit; the context has `total` and `limit`."""

    code = "too_much"


class Undeclared(ContractError):
    """A refusal that no operation names."""

    code = "undeclared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A tally after a command."""

    name: str
    total: int
    at: Moment | None = None


class Counter(Protocol):
    """Counts."""

    @query()
    def totals(self, *, names: tuple[str, ...] = ()) -> Mapping[str, int]:
        """Return the totals of *names*, or of all."""
        ...

    @query(timeout_s=0.3)
    def slow(self, *, nap_s: float) -> str:
        """Return after a nap."""
        ...

    @query(raises=(TooMuch,))
    def broken(self, *, how: str) -> Mapping[str, int]:
        """Fail in one of several ways."""
        ...

    @command(key=("key",), raises=(TooMuch,), timeout_s=10)
    def add(self, *, key: str, name: str, amount: int = 1, limit: int | None = None, nap_s: float = 0.0) -> Total:
        """Add, and nap before it commits."""
        ...

    @command(key=("key",), timeout_s=0.4)
    def add_slowly(self, *, key: str, name: str, nap_s: float) -> Total:
        """Add, and nap for longer than callers wait."""
        ...

    @command(key=("key",))
    def fail(self, *, key: str, name: str, how: str) -> Total:
        """Add, and fail before it commits."""
        ...


counter = Port[Counter]("counter")
