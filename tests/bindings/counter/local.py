"""The counter, as its contract says, except where it is asked to do otherwise."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from strangler.fence import Moved
from tests.bindings.counter.contract import TooMuch, Total, Undeclared, counter
from tests.bindings.counter.models import Effect, Tally


class LocalCounter:
    def totals(self, *, names: tuple[str, ...] = ()) -> Mapping[str, int]:
        rows = Tally.objects.all()
        if names:
            rows = rows.filter(name__in=names)
        return dict(rows.values_list("name", "total"))

    def slow(self, *, nap_s: float) -> str:
        time.sleep(nap_s)
        return "done"

    def broken(self, *, how: str) -> Mapping[str, int]:
        match how:
            case "bug":
                raise ZeroDivisionError("a bug")
            case "refusal":
                raise TooMuch("It is too much.", total=7, limit=5)
            case "undeclared":
                raise Undeclared("Nobody knows me.")
            case "wrong type":
                return cast(Any, ["not", "a", "mapping"])
            case "unspeakable":
                return cast(Any, {"x": object()})
            case "shared":
                return _shared
            case "many":
                return {str(n): n for n in range(50_000)}
        raise AssertionError(how)

    def add(self, *, key: str, name: str, amount: int = 1, limit: int | None = None, nap_s: float = 0.0) -> Total:
        total = _add(key, name, amount)
        if limit is not None and total > limit:
            raise TooMuch(f"{total} is more than {limit}.", total=total, limit=limit)
        time.sleep(nap_s)
        return Total(name=name, total=total, at=datetime.now(UTC))

    def add_slowly(self, *, key: str, name: str, nap_s: float) -> Total:
        total = _add(key, name, 1)
        time.sleep(nap_s)
        return Total(name=name, total=total)

    def fail(self, *, key: str, name: str, how: str) -> Total:
        total = _add(key, name, 1)
        match how:
            case "bug":
                raise ZeroDivisionError("a bug")
            case "swallow":
                with transaction.atomic(), transaction.atomic():
                    try:
                        raise Moved("counter", "service", 99)
                    except Moved:
                        return Total(name=name, total=total)
            case "integrity":
                try:
                    with transaction.atomic():
                        Tally.objects.create(name=name)
                except IntegrityError:
                    return Total(name=name, total=total)
            case "command":
                counter().add(key=f"inner-{key}", name=name)
            case "query":
                counter().totals()
        raise AssertionError(how)


_shared: dict[str, int] = {"x": 1}


def _add(key: str, name: str, amount: int) -> int:
    assert connection.in_atomic_block, "a command runs inside the transaction that remembers it"
    Effect.objects.create(name=name, key=key)
    Tally.objects.get_or_create(name=name)
    Tally.objects.filter(name=name).update(total=F("total") + amount)
    return Tally.objects.get(name=name).total


implementation = LocalCounter()
