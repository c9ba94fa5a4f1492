"""
Takes guards out, to prove that the tests find what the guards prevent: SABOTAGE names them, comma separated.

`fence`: no home refuses a write, neither by trigger nor by assertion.
`leftovers`: rows that somebody has left at the target do not stop a move.
`late`: a mover that wakes up late is not stopped.
`drain`: a switch does not wait for the last rows.
`asleep`: a mover stops itself (SIGSTOP) once, while it keeps the writers out; no guard is taken out.
`pins`: nobody is pinned who has written.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig


class SabotageConfig(AppConfig):
    """Installed by the sabotaged settings modules alone."""

    name = "tests.support"
    label = "sabotage"

    def ready(self) -> None:
        """Take out what the environment names."""
        for guard in filter(None, os.environ.get("SABOTAGE", "").split(",")):
            _WAYS[guard]()


def _without_fence() -> None:
    from strangler.fence.postgresql import PostgreSQLFence
    from strangler.fence.sqlite import SQLiteFence
    from strangler.state import read_ownership

    def assert_nothing(fence: Any, capability: str, _: str) -> int:
        return read_ownership(fence.connection, capability).epoch

    for fence in (PostgreSQLFence, SQLiteFence):
        fence.assert_owner = assert_nothing  # type: ignore[method-assign]
        fence.enabling = lambda *_: lambda: None  # type: ignore[method-assign,assignment]


def _without_lateness() -> None:
    from django.db import transaction

    from strangler.cutover import ownership
    from strangler.cutover.journal import Journal

    @contextmanager
    def anybodys(journal: Journal) -> Any:
        with transaction.atomic(using=journal.alias):
            yield

    Journal.mine = anybodys  # type: ignore[method-assign]
    Journal.assert_mine = lambda _: None  # type: ignore[method-assign]
    ownership.hold = lambda *_: None


def _without_drain() -> None:
    for mover in _movers():
        mover.drain = lambda *_: None


def _falling_asleep() -> None:
    for mover in _movers():
        mover.drain = _asleep_in(mover.drain)


def _movers() -> tuple[Any, ...]:
    from strangler.replication.keylog import KeylogStream
    from strangler.replication.logical import LogicalStream

    return KeylogStream, LogicalStream


def _asleep_in(drain: Any) -> Any:
    slept = []

    def draining(stream: Any, holder: Any, timeout_s: float) -> None:
        if holder.in_atomic_block and not slept:
            slept.append(True)
            os.kill(os.getpid(), signal.SIGSTOP)
        drain(stream, holder, timeout_s)

    return draining


def _without_pins() -> None:
    from strangler.proxy import serving

    serving.note_write = lambda *_: None


def _without_leftovers() -> None:
    from strangler.cutover import plan

    plan.leftovers = lambda *_: iter(())


_WAYS = {
    "leftovers": _without_leftovers,
    "fence": _without_fence,
    "late": _without_lateness,
    "drain": _without_drain,
    "asleep": _falling_asleep,
    "pins": _without_pins,
}
