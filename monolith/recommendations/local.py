"""The contract over this app's own rows."""

from __future__ import annotations

from monolith.recommendations import selectors
from monolith.recommendations.contract import Companion


class LocalRecommendations:
    """Implements `Recommendations`."""

    def bought_together(self, *, skus: tuple[str, ...], limit: int = selectors.LIMIT_DEFAULT) -> tuple[Companion, ...]:
        return tuple(selectors.bought_together(skus, limit=limit))


implementation = LocalRecommendations()
