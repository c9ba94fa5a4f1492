"""The route table: an immutable snapshot, compiled once per version into a trie of path segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["read", "write"]
Home = Literal["monolith", "service"]
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class CapabilityState:
    """
    One capability's share of the table.

    Attributes:
        reads_weight: share of subjects read from the service, of 10,000; only in stage `canary`.
        epoch: counts the changes of the writer.
        switching: the writer may be changing now, so a home asks its own database even for reads.
    """

    name: str
    stage: str = "monolith"
    reads_weight: int = 0
    writer: Home = "monolith"
    epoch: int = 1
    switching: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix of the URL space, on segment borders, that belongs to a capability."""

    capability: str
    prefix: str
    host: str | None = None
    methods: frozenset[str] | None = None
    kind: Kind | None = None
    stale_ok: bool = False
    timeout_s: float | None = None

    def kind_of(self, method: str) -> Kind:
        """Return whether *method* reads or writes here."""
        return self.kind or ("read" if method in READ_METHODS else "write")


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)

    def pick(self, host: str, method: str) -> Route | None:
        for route in self.routes:
            if (route.host is None or route.host == host) and (route.methods is None or method in route.methods):
                return route
        return None


def _most_specific_first(route: Route) -> tuple[bool, bool]:
    return (route.host is None, route.methods is None)


class Table:
    """Routes and capability states of one version; safe to share between threads."""

    __slots__ = ("_root", "capabilities", "routes", "version")

    def __init__(self, version: int, capabilities: Iterable[CapabilityState], routes: Iterable[Route]) -> None:
        self.version = version
        self.capabilities: Mapping[str, CapabilityState] = {c.name: c for c in capabilities}
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._insert(route)

    def _insert(self, route: Route) -> None:
        node = self._root
        for segment in route.prefix.strip("/").split("/"):
            if segment:
                node = node.children.setdefault(segment, _Node())
        node.routes.append(route)
        node.routes.sort(key=_most_specific_first)

    def match(self, host: str, path: str, method: str) -> Route | None:
        """Return the route with the longest matching prefix; its cost grows with the path, not the table."""
        node = self._root
        found = node.pick(host, method) if node.routes else None
        for segment in path.split("/")[1:]:
            child = node.children.get(segment)
            if child is None:
                break
            node = child
            if node.routes:
                found = node.pick(host, method) or found
        return found
