"""
The route table: an immutable snapshot, compiled once per version.

Routes hang in a trie of path segments, and every decision that a route can lead to is made beforehand, so that
deciding is a walk and a look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from strangler.routing.decision import Decision
from strangler.routing.state import READ_METHODS, CapabilityState, Home, Kind, Route

OTHER_METHODS = "*"


class Answers(NamedTuple):
    """
    The decisions that one route can lead to for reads, or for writes.

    Attributes:
        weight: buckets below it belong to *share*; 0 when nothing is split.
        override: what staff may ask for; empty where nobody may.
    """

    capability: str
    weight: int
    writer: Decision
    share: Decision
    remainder: Decision
    no_subject: Decision
    override: Mapping[str, Decision]


@dataclass(slots=True)
class _Node:
    """
    A segment of some prefix.

    Attributes:
        anywhere: answers by method, for any host; `*` stands for every method that is not named.
        hosts: the same for the hosts that have routes of their own.
    """

    children: dict[str, _Node] = field(default_factory=dict)
    anywhere: dict[str, Answers] = field(default_factory=dict)
    hosts: dict[str, dict[str, Answers]] = field(default_factory=dict)
    ends: bool = False

    def pick(self, host: str, method: str) -> Answers | None:
        if self.hosts and (own := self.hosts.get(host)) and (found := own.get(method) or own.get(OTHER_METHODS)):
            return found
        return self.anywhere.get(method) or self.anywhere.get(OTHER_METHODS)


class Table:
    """Routes and capability states of one version; safe to share between threads."""

    __slots__ = ("_root", "capabilities", "routes", "version")

    def __init__(self, version: int, capabilities: Iterable[CapabilityState], routes: Iterable[Route]) -> None:
        self.version = version
        self.capabilities: Mapping[str, CapabilityState] = {c.name: c for c in capabilities}
        self.routes = tuple(routes)
        self._root = _Node()
        for route in sorted(self.routes, key=lambda r: r.methods is None):  # those that name methods come first
            if state := self.capabilities.get(route.capability):
                self._insert(route, state)

    def _insert(self, route: Route, state: CapabilityState) -> None:
        node = self._root
        for segment in route.prefix.strip("/").split("/"):
            if segment:
                node = node.children.setdefault(segment, _Node())
        node.ends = True
        answers = {"read": _answers(state, route, "read"), "write": _answers(state, route, "write")}
        by_method = node.anywhere if route.host is None else node.hosts.setdefault(route.host, {})
        for method in route.methods or (*READ_METHODS, OTHER_METHODS):
            by_method.setdefault(method, answers[route.kind_of(method)])

    def match(self, host: str, path: str, method: str) -> Answers | None:
        """Return what the longest matching prefix leads to; its cost grows with the path, not the table."""
        node = self._root
        found = node.pick(host, method) if node.ends else None
        for segment in path.split("/")[1:]:
            child = node.children.get(segment)
            if child is None:
                break
            node = child
            if node.ends:
                found = node.pick(host, method) or found
        return found


def _answers(state: CapabilityState, route: Route, kind: Kind) -> Answers:
    def decision(home: Home, reason: str) -> Decision:
        return Decision(state.name, home, kind, reason, state.epoch, state.switching, route)

    movable = kind == "read" and state.stage != "monolith"
    split = movable and state.writer == "monolith"
    return Answers(
        capability=state.name,
        weight=state.reads_weight if split else 0,
        writer=decision(state.writer, "writer"),
        share=decision("service", "share"),
        remainder=decision(state.writer, "remainder"),
        no_subject=decision(state.writer, "no_subject"),
        override={home: decision(home, "override") for home in ("monolith", "service")} if movable else {},
    )
