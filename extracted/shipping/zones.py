"""Which zone an address is in: countries and postal codes, and those that are left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from extracted.shipping.addresses import matches
from monolith.shipping.contract import Address


@dataclass(frozen=True, slots=True)
class Area:
    """
    What a zone covers.

    Attributes:
        patterns: of postal codes, see `addresses.matches`; none means all.
        exclusions: of postal codes that are left out, even if a pattern covers them.
    """

    code: str
    countries: frozenset[str]
    patterns: Sequence[str] = ()
    exclusions: Sequence[str] = ()

    def covers(self, address: Address) -> bool:
        """Whether an address is inside."""
        if address.country not in self.countries:
            return False
        if any(matches(address.postal_code, pattern) for pattern in self.exclusions):
            return False
        return not self.patterns or any(matches(address.postal_code, pattern) for pattern in self.patterns)


def zone_of(address: Address, areas: Iterable[Area]) -> Area | None:
    """Return the first zone that covers an address."""
    return next((area for area in areas if area.covers(address)), None)
