"""What parcels offer."""

from __future__ import annotations

from typing import Protocol

from strangler.contract import Port, command, query


class Parcels(Protocol):
    """Parcels on their way."""

    @query()
    def posted(self) -> tuple[str, ...]:
        """Return the labels, in alphabetical order."""
        ...

    @command(key=("label",))
    def post(self, *, label: str) -> str:
        """Post a parcel, and return its label."""
        ...


parcels = Port[Parcels]("parcels")
