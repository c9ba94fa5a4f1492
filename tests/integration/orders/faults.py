"""Tables of steps in which one thing goes wrong once: a process dies, an answer is lost, news come first."""

from __future__ import annotations

import dataclasses
import itertools
import time
from typing import NamedTuple

from monolith.orders.saga import engine
from monolith.orders.saga.engine import TABLES, Engine
from strangler.events import relay
from strangler.fence import owning
from strangler.transport.errors import TimedOut
from tests.integration.orders.conftest import PATIENCE_S

FAULTS = ("crash_before", "crash_after", "timeout_after", "twice", "news_first")
ENDINGS = ("through", "cancelled", "late", "declined")


class Crash(BaseException):
    """The process has died: nobody records anything."""


class Case(NamedTuple):
    """What goes wrong where, and how the order goes on."""

    step: str
    direction: str
    fault: str
    ending: str


def cases():
    """Every fault at every step of the checkout's own table, and at every compensation, with every ending."""
    places = [(step.name, "action") for step in TABLES["checkout"] if step.action]
    places += [(step.name, "compensation") for step in TABLES["checkout"] if step.compensation]
    for (step, direction), fault, ending in itertools.product(places, FAULTS, ENDINGS):
        if direction == "action" or ending != "through":
            yield Case(step, direction, fault, ending)


class Broken:
    """An engine that meets one fault, once."""

    def __init__(self, case):
        self.case = case
        self.struck = False
        steps = tuple(self._broken(step) if step.name == case.step else step for step in TABLES["checkout"])
        self.engine = Engine({**TABLES, "checkout": steps})

    def run(self, order_id):
        """Take every step that is due, until the process dies; return whether it lives."""
        try:
            self.engine.run(time.monotonic() + PATIENCE_S, order_id)
        except Crash:
            return False
        return True

    def _broken(self, step):
        name = self.case.direction
        return dataclasses.replace(step, **{name: self._struck_once(getattr(step, name))})

    def _struck_once(self, act):
        def acted(situation):
            if self.struck:
                return act(situation)
            self.struck = True
            return getattr(self, f"_{self.case.fault}")(act, situation)

        return acted

    @staticmethod
    def _crash_before(act, situation):
        raise Crash

    @staticmethod
    def _crash_after(act, situation):
        act(situation)
        raise Crash

    @staticmethod
    def _timeout_after(act, situation):
        act(situation)
        raise TimedOut("no answer in time")

    @staticmethod
    def _twice(act, situation):
        act(situation)
        return act(situation)

    @staticmethod
    def _news_first(act, situation):
        outcome = act(situation)
        while relay.run_once():
            pass
        with owning("orders"):
            engine.wake(situation.order.id)
        return outcome


def without(name):
    """The tables, in which one step is never undone."""
    steps = [dataclasses.replace(s, compensation=None) if s.name == name else s for s in TABLES["checkout"]]
    return Engine({**TABLES, "checkout": tuple(steps)})
