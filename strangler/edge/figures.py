"""What an agent counts, in the registry that it serves; without prometheus_client nothing is counted."""

from __future__ import annotations

from typing import Any

try:
    from prometheus_client import Counter, Gauge, Histogram, start_http_server
except ImportError:
    Counter = Gauge = Histogram = start_http_server = None  # type: ignore[assignment,misc]

_BUCKETS_S = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 5.0)


class Figures:
    """The figures of one agent."""

    def __init__(self) -> None:
        self._version: Any = None
        if Gauge is None:
            return
        self._version = Gauge("strangler_edge_version", "Version of the table that Envoy obeys.")
        self._in_step = Gauge("strangler_edge_in_step", "1 while Envoy obeys the newest version that the agent knows.")
        self._refused = Counter("strangler_edge_refused", "Routes that Envoy has refused; the last good ones stay.")
        self._obey_s = Histogram(
            "strangler_edge_obey_seconds", "From knowing of a version until Envoy obeys it.", buckets=_BUCKETS_S
        )

    def obeyed(self, version: int, took_s: float) -> None:
        """Count a version that Envoy has taken."""
        if self._version is not None:
            self._version.set(version)
            self._in_step.set(1)
            self._obey_s.observe(took_s)

    def not_obeyed(self, *, refused: bool) -> None:
        """Count a version that Envoy has refused, or has not taken in time."""
        if self._version is not None:
            self._in_step.set(0)
            self._refused.inc(refused)

    def serve(self, address: str) -> None:
        """Serve the registry at *address*, a host and a port, from now on."""
        host, _, port = address.rpartition(":")
        if start_http_server is not None:
            start_http_server(int(port), host.strip("[]"))
