"""What recommendations want to hear; they publish nothing."""

from __future__ import annotations

from strangler.contract import Subscriptions

subscriptions = Subscriptions("recommendations", {"orders": ("shop.order.confirmed.v1",)})
