"""What payments count beside requests."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

payments = Counter("payments_total", "Payments that came to a status", ["status"])
provider_calls = Counter("payments_provider_calls_total", "Requests to providers", ["provider", "operation", "outcome"])
differences = Gauge(
    "payments_reconciliation_differences", "What the last comparison with a provider found", ["provider"]
)
