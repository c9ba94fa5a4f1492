"""Many threads with connections of their own that act together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from strangler.errors import ContractError

T = TypeVar("T", bound=Hashable)


def at_once(act: Callable[[int], T], number: int) -> list[T | str]:
    """Let *number* threads act together; return their results, a refusal being its code."""
    together = threading.Barrier(number)

    def run(index: int) -> T | str:
        together.wait(30)
        try:
            return act(index)
        except ContractError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
