"""What recommendations do for other apps."""

from __future__ import annotations

from typing import Protocol

from monolith.recommendations.contract.errors import OutOfBounds
from monolith.recommendations.contract.values import Companion
from strangler.contract import Port, query


class Recommendations(Protocol):
    """What is bought together. Nobody needs it: whoever asks sets a deadline, and goes on without an answer."""

    @query(timeout_s=0.5, raises=(OutOfBounds,))
    def bought_together(self, *, skus: tuple[str, ...], limit: int = 4) -> tuple[Companion, ...]:
        """
        Return what recent orders with any of *skus* had besides, the most frequent first, equals by SKU.

        Whether any of it can be bought is the catalog's to say. It trails the orders by what their events take.

        Args:
            skus: 1 to 50; one that nobody has bought adds nothing.
            limit: 1 to 50.

        Returns:
            None of *skus*, and nothing that fewer than two orders had.
        """
        ...


recommendations = Port[Recommendations]("recommendations")
