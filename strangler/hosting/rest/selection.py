"""`?fields=id,name`: the client chooses the members it wants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from strangler.hosting.rest.codes import RestCode
from strangler.hosting.rest.problems import Problem


@dataclass(frozen=True)
class Selection:
    """The chosen members; `names` is None when the client left the choice to us."""

    names: frozenset[str] | None

    @property
    def part(self) -> str:
        """What distinguishes this choice in a validator; "" for the whole."""
        return "" if self.names is None else ",".join(sorted(self.names))

    def of(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """Return the chosen members, in their usual order."""
        return {name: value for name, value in members.items() if self.names is None or name in self.names}


def selected(request: Request, known: Collection[str]) -> Selection:
    """
    Read `?fields=`.

    Raises:
        Problem: `invalid_query` when a name is not one of *known*, or none is given.
    """
    raw = request.query_params.get("fields")
    if raw is None:
        return Selection(None)
    names = frozenset(name.strip() for name in raw.split(","))
    if unknown := sorted(names.difference(known)):
        raise Problem(RestCode.INVALID_QUERY, f"fields: unknown {unknown!r}; known are {', '.join(known)}.")
    return Selection(names)
