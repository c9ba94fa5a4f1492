"""Calls that go to whichever home the capability's state names: queries with its reads, commands with its writes."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from strangler.bindings.counting import count
from strangler.bindings.local import Local
from strangler.bindings.remote import Remote, Target
from strangler.bindings.transactions import refuse_query, refuser_of
from strangler.conf import Home
from strangler.contract import Operation
from strangler.fence import UNASKED, Moved, confirmed, is_current
from strangler.routing import CapabilityState, decide_query
from strangler.state import follower
from strangler.transport.deadline import Deadline, deadline_after
from strangler.transport.handing_back import Elsewhere

_HOPS_AT_ONCE = 2
_PAUSE_S = 0.03


class Travelling:
    """
    Calls one capability, as this host does.

    Attributes:
        home: which of its homes this host is; None for a host that only calls it.
    """

    def __init__(self, capability: str, home: Home | None, local: Local | None, remote: Remote) -> None:
        self._capability = capability
        self._home = home
        self._local = local
        self._remote = remote

    def bound(self, operation: Operation) -> Callable[..., Any]:
        """Return the operation as a function of its arguments."""
        if operation.kind == "query" and self._local is not None:
            return self._query_at_home(operation, self._local.method(operation))
        return self._anywhere(operation)

    def _query_at_home(self, operation: Operation, method: Callable[..., Any]) -> Callable[..., Any]:
        """The way of most calls: as near to a plain function call as its rules allow."""
        name, capability, home = f"{self._capability}.{operation.name}", self._capability, self._home
        travel = self._travel

        def call(**arguments: Any) -> Any:
            count(name)
            refuse_query(name)
            state = follower.table().capabilities[capability]
            if state.writer == home and not state.switching and follower.leased():
                return method(**arguments)
            return travel(operation, arguments, state)

        return call

    def _anywhere(self, operation: Operation) -> Callable[..., Any]:
        name = f"{self._capability}.{operation.name}"
        refuse = refuser_of(operation)

        def call(**arguments: Any) -> Any:
            count(name)
            refuse(name)
            return self._travel(operation, arguments, follower.table().capabilities[self._capability])

        return call

    def _travel(self, operation: Operation, arguments: Mapping[str, Any], state: CapabilityState) -> Any:
        _check_names(operation, arguments)
        deadline = deadline_after(operation.timeout_s)
        target = self._first(operation, state)
        for hops in itertools.count():
            if hops >= _HOPS_AT_ONCE:
                # Each home names the other: it moves right now. Whoever is to open opens soon, or the deadline passes.
                time.sleep(min(random.uniform(0, _PAUSE_S), deadline.left()))  # noqa: S311  jitter
            answer = self._ask(operation, arguments, target, deadline)
            if not isinstance(answer, Elsewhere):
                return answer
            if operation.kind == "query" and self._local is not None:
                # The other home has not opened in the epoch that our row names: our rows are closed, and complete.
                return self._local.run(operation, arguments)
            target = Target(cast(Home, answer.owner), answer.epoch, target.reason)
        raise AssertionError("unreachable")

    def _first(self, operation: Operation, state: CapabilityState) -> Target:
        if operation.kind == "command":
            return Target(state.writer, state.epoch, "writer")
        decision = decide_query(state, operation.name)
        if self._home is not None:
            decision = confirmed(decision, self._home)
        elif not is_current(decision):
            decision = decision._replace(reason=UNASKED)
        return Target(decision.home, decision.epoch, decision.reason)

    def _ask(
        self, operation: Operation, arguments: Mapping[str, Any], target: Target, deadline: Deadline
    ) -> Any | Elsewhere:
        if self._local is None or target.home != self._home:
            return self._remote.run(operation, arguments, target, deadline)
        try:
            return self._local.run(operation, arguments)
        except Moved as moved:
            if moved.capability != self._capability:
                raise
            return Elsewhere(moved.capability, moved.owner, moved.epoch)


def _check_names(operation: Operation, arguments: Mapping[str, Any]) -> None:
    """Refuse what a plain call would refuse, before anything is sent."""
    required = operation.arguments.keys() - operation.optional
    if not required <= arguments.keys() <= operation.arguments.keys():
        operation.signature.bind(None, **arguments)  # says which
