"""What risk counts beside requests."""

from __future__ import annotations

from prometheus_client import Counter

decisions = Counter("risk_decisions_total", "Decisions that were made", ["kind", "outcome"])
