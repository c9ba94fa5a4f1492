"""
The table as an ordered list of rules, for edges that are told rules: the first one that fits serves.

Each host gets all the rules that hold for it, because no gateway falls back from a host's own rules to those of every
host, as the table does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from strangler.routing import Route, Table

# What only routers and hosts say to each other; `Strangler-Override` stays, for its signature counts from outside too.
STRIPPED = ("Strangler-Call", "Strangler-Events", "Strangler-Hop", "Strangler-Identity")
HIDDEN = ("/metrics",)  # answered by every host at its public port, for those within
_PCHAR = "/!$&'()*+,;=:@~"  # RFC 3986 3.3; quote() keeps the unreserved ones by itself


class Rule(NamedTuple):
    """
    What happens to requests that no rule before has taken.

    Attributes:
        path: a prefix on segment borders as it stands in a request target, without a slash at its end; `/` is all.
        methods: in alphabetical order; empty for every method.
        route: None for what no route claims: it is the monolith's.
    """

    path: str
    methods: tuple[str, ...]
    route: Route | None


def hidden_from(rules: Sequence[Rule]) -> list[str]:
    """Return the paths that nobody outside may ask for; a route that claims one opens it."""
    return [path for path in HIDDEN if all(rule.path != path for rule in rules)]


def own_hosts(table: Table) -> list[str]:
    """Return the hosts that have routes of their own, in alphabetical order."""
    return sorted({route.host for route in table.routes if route.host and route.capability in table.capabilities})


def rules_for(table: Table, host: str | None) -> list[Rule]:
    """Return the rules of *host*, or of every host without routes of its own; the last one takes all that is left."""
    at: dict[tuple[str, ...], list[Route]] = {}
    for route in table.routes:
        if route.capability in table.capabilities and route.host in (None, host):
            at.setdefault(tuple(filter(None, route.prefix.split("/"))), []).append(route)
    longest_first = sorted(at, key=lambda segments: (-len(segments), segments))
    rules = [rule for segments in longest_first for rule in _rules_at(segments, at[segments])]
    if not rules or rules[-1].path != "/" or rules[-1].methods:
        rules.append(Rule("/", (), None))
    return rules


def _rules_at(segments: Sequence[str], routes: Sequence[Route]) -> Iterator[Rule]:
    """A host's own routes come before those of every host, and those that name methods before those that do not."""
    path = quote("/" + "/".join(segments), safe=_PCHAR)
    named: set[str] = set()
    for route in sorted(routes, key=lambda r: (r.host is None, not r.methods)):
        if not route.methods:
            yield Rule(path, (), route)
            return
        if methods := tuple(sorted(route.methods - named)):
            yield Rule(path, methods, route)
            named.update(methods)
