"""What other apps may know of recommendations."""

from monolith.recommendations.contract.errors import OutOfBounds, RecommendationsError
from monolith.recommendations.contract.events import subscriptions
from monolith.recommendations.contract.operations import Recommendations, recommendations
from monolith.recommendations.contract.values import Companion

__all__ = [
    "Companion",
    "OutOfBounds",
    "Recommendations",
    "RecommendationsError",
    "recommendations",
    "subscriptions",
]
