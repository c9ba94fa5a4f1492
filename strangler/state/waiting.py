"""The bounded room in which requests wait until this home has reached an epoch (R4)."""

from __future__ import annotations

import threading
import time

from strangler.conf import get_conf
from strangler.errors import Saturated
from strangler.state.connection import dedicated
from strangler.state.ownership import Owned, read_ownership

POLL_S = 0.004


class _Room:
    """Any number of waiters, one of whom looks at the row for all; so a wait costs one connection, not one each."""

    def __init__(self, capability: str) -> None:
        self.capability = capability
        self.condition = threading.Condition()
        self.waiters = 0
        self.looking = False
        self.seen = Owned("", -1)

    def wait(self, epoch: int, timeout_s: float, limit: int) -> Owned:
        deadline = time.monotonic() + timeout_s
        with self.condition:
            if self.waiters >= limit:
                raise Saturated(f"{limit} requests wait for {self.capability} to open already")
            self.waiters += 1
        try:
            return self._wait(epoch, deadline)
        finally:
            with self.condition:
                self.waiters -= 1

    def _wait(self, epoch: int, deadline: float) -> Owned:
        with self.condition:
            while self.looking and self.seen.epoch < epoch and time.monotonic() < deadline:
                self.condition.wait(max(0.0, deadline - time.monotonic()))
            if self.seen.epoch >= epoch or time.monotonic() >= deadline:
                return self.seen
            self.looking = True
        try:
            return self._look(epoch, deadline)
        finally:
            with self.condition:
                self.looking = False
                self.condition.notify_all()

    def _look(self, epoch: int, deadline: float) -> Owned:
        alias = get_conf().database_of(self.capability)
        assert alias is not None
        connection = dedicated(alias)
        try:
            while True:
                owned = read_ownership(connection, self.capability)
                with self.condition:
                    if owned != self.seen:
                        self.seen = owned
                        self.condition.notify_all()
                if owned.epoch >= epoch or time.monotonic() >= deadline:
                    return owned
                time.sleep(POLL_S)
        finally:
            connection.close()


_rooms: dict[str, _Room] = {}
_rooms_lock = threading.Lock()


def wait_for_epoch(capability: str, epoch: int, timeout_s: float) -> Owned:
    """
    Wait until this home's own ownership row has reached *epoch*.

    Returns:
        The row as last seen; its epoch is below *epoch* when *timeout_s* ran out first.

    Raises:
        Saturated: `MAX_WAITERS` requests wait already.
    """
    with _rooms_lock:
        room = _rooms.setdefault(capability, _Room(capability))
    return room.wait(epoch, timeout_s, get_conf().max_waiters)
