"""
How fresh the copy of a capability's rows is, as this process knows it without asking anybody during a request.

A thread looks a few times a second at the source of each stream: what has been written, and then, what has been
applied. A copy is as old as the newest look whose writes have all been applied, so the figure is true whether the
source is busy or idle, and grows by itself while nobody answers.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import Home, get_conf
from strangler.proxy import pins
from strangler.routing import CapabilityState
from strangler.state import follower
from strangler.state.background import Background
from strangler.state.connection import dedicated
from strangler.state.positions import NEVER, Flowing, PositionUnknown, applied, read_streams, written

log = logging.getLogger("strangler.freshness")
LOOK_S = 0.25
NUDGED_S = 0.02
_LOOKS_MAX = 2_000


class Copy:
    """
    What is known of the rows that one stream brings.

    Attributes:
        applied: a position up to which everything is known to be there.
    """

    def __init__(self, capability: str, flowing: Flowing, clock: Callable[[], float] = time.monotonic) -> None:
        self.capability = capability
        self.flowing = flowing
        self.applied = 0
        self._clock = clock
        self._complete_at = float("-inf")
        self._looks: deque[tuple[float, int]] = deque()
        self._seen = 0

    def look(self, source: BaseDatabaseWrapper) -> None:
        """
        Ask the source how far it is.

        Raises:
            DatabaseError, PositionUnknown: it cannot say.
        """
        began_at = self._clock()
        newest = written(source, self.flowing.kind, self.capability)
        seen = self._seen = max(self._seen, newest)
        if not self._looks or (began_at - self._looks[-1][0] >= LOOK_S / 2 and len(self._looks) < _LOOKS_MAX):
            self._looks.append((began_at, newest))
        reached = applied(source, self.flowing.kind, self.capability, self.flowing.target)
        while self._looks and self._looks[0][1] <= reached:
            self._complete_at = self._looks.popleft()[0]
        # That nothing waits says nothing of what is written later: so no further than what was there before.
        self.applied = max(self.applied, min(reached, seen))

    def age_s(self) -> float:
        """Return how old the copy may be at most; infinite until it has been seen to be complete once."""
        return self._clock() - self._complete_at

    def has(self, position: int) -> bool:
        """
        Return whether everything up to *position* is known to be there; asks for a look when it is not.

        Args:
            position: what was written up to it has been committed.
        """
        if position <= self.applied:
            return True
        if position < NEVER:
            self._seen = max(self._seen, position)
            nudge()
        return False


class Watch:
    """
    Looks at the streams of this host's capabilities.

    Args:
        connect: returns a connection to the database of an alias.
    """

    def __init__(
        self, connect: Callable[[str], BaseDatabaseWrapper], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._connect = connect
        self._open: dict[str, BaseDatabaseWrapper] = {}
        self._troubles: dict[str, str] = {}
        self.copies: dict[str, Copy] = {}

    def look(self) -> None:
        """Look once at every stream that matters now; what cannot be seen only gets older."""
        table = follower.table()
        states = [s for n in get_conf().own_capabilities if is_read(s := table.capabilities[n])]
        streams = self._streams() if states else {}
        for name in self.copies.keys() - {state.name for state in states}:
            del self.copies[name]
        for state in states:
            flowing = next((s for s in streams.get(state.name, ()) if s.source == state.writer and s.flows), None)
            self._look_at(state, flowing)

    def _streams(self) -> dict[str, list[Flowing]]:
        """Return the streams that there are, or while nobody can say so, those that there were."""
        alias = get_conf().control_database
        try:
            return read_streams(self._connection(alias))
        except DatabaseError as error:
            self._trouble(alias, alias, error)
            return {name: [copy.flowing] for name, copy in self.copies.items()}

    def _look_at(self, state: CapabilityState, flowing: Flowing | None) -> None:
        if flowing is None:
            self.copies.pop(state.name, None)
            return
        copy = self.copies.get(state.name)
        if copy is None or copy.flowing != flowing:
            copy = self.copies[state.name] = Copy(state.name, flowing, self.clock)
        alias = source_alias(state.name, state.writer)
        if alias is None:
            return
        try:
            source = self._connection(alias)
            copy.look(source)
            pins.tend(state.name, state.writer, lambda: written(source, flowing.kind, state.name))
        except (DatabaseError, PositionUnknown) as error:
            self._trouble(state.name, alias, error)
        else:
            self._troubles.pop(state.name, None)

    def _connection(self, alias: str) -> BaseDatabaseWrapper:
        if alias not in self._open:
            self._open[alias] = self._connect(alias)
        return self._open[alias]

    def _trouble(self, what: str, alias: str, error: Exception) -> None:
        """Say it once, and begin anew with a connection that may be broken."""
        if self._troubles.get(what) != str(error):
            self._troubles[what] = str(error)
            log.warning("how fresh the copy of %s is cannot be seen: %s", what, error)
        if connection := self._open.pop(alias, None):
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        while self._open:
            self._open.popitem()[1].close()


class _Watching:
    """The one watch of this process, in a thread of its own; a forked child has its own."""

    def __init__(self) -> None:
        self._background = Background("strangler-freshness", self._run)
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self.wanted = threading.Event()
        self.watch = Watch(dedicated)

    def start(self) -> None:
        self._background.start()

    def stop(self) -> None:
        self._background.stop()

    def _run(self, stopping: threading.Event) -> None:
        try:
            while not stopping.wait(NUDGED_S):
                self.wanted.clear()
                self.watch.look()
                self.wanted.wait(LOOK_S)
        finally:
            self.watch.close()


_watching = _Watching()
_unfollowed = Watch(connections.__getitem__)


def start() -> None:
    """Let this process watch from now on, unless it does."""
    if get_conf().follow:
        _watching.start()


def stop() -> None:
    """Stop watching, if this process does."""
    _watching.stop()


def nudge() -> None:
    """Ask for a look soon: somebody waits to hear that something has been applied."""
    _watching.wanted.set()


def copy_of(capability: str) -> Copy | None:
    """Return what this process knows of the copy of *capability*; None when no stream keeps one in step."""
    if get_conf().follow:
        _watching.start()
        return _watching.watch.copies.get(capability)
    _unfollowed.look()  # nobody else does
    return _unfollowed.copies.get(capability)


def look_now(capability: str, patience_s: float = 1.0) -> Copy | None:
    """Return what can be seen of the copy at once, for a person who asks; an old copy is given a moment."""
    watch = Watch(connections.__getitem__)
    deadline = time.monotonic() + patience_s
    while True:
        watch.look()
        copy = watch.copies.get(capability)
        if copy is None or copy.age_s() < patience_s or time.monotonic() > deadline:
            return copy
        time.sleep(NUDGED_S)


def is_read(state: CapabilityState) -> bool:
    """Return whether anybody may read the copy: a share of the subjects, or all whose routes may be old (R10)."""
    routes = get_conf().capabilities[state.name].routes
    return state.stage == "canary" or (state.stage == "extracted" and any(route.stale_ok for route in routes))


def source_alias(capability: str, source: Home) -> str | None:
    """Return the alias of the database in which a stream begins, if this host knows it."""
    conf = get_conf()
    known = conf.capabilities[capability].databases.get(source)
    return conf.control_database if known is None and source == "monolith" else known  # the same, by definition
