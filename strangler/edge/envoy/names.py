"""Names that Envoy's parts know each other by, and those that they share with the middleware."""

from __future__ import annotations

from strangler.conf import Home
from strangler.transport.headers import RESERVED_PREFIX

PUBLIC, INTERNAL = "public", "internal"
LISTENERS = (PUBLIC, INTERNAL)
SUBJECT_HEADER = f"{RESERVED_PREFIX}edge-subject"
OVERRIDE_HEADER = f"{RESERVED_PREFIX}override"
ENVOYS_OWN = ("x-envoy-internal", "x-envoy-external-address")
SUBJECT_COOKIE = "strangler_subject"
PINS_COOKIE = "strangler_pins"
CALLS, EVENTS = "/calls", "/events"
LUA, JWT, LIMIT, ROUTER = (f"envoy.filters.http.{name}" for name in ("lua", "jwt_authn", "local_ratelimit", "router"))
BY_COOKIE = "subject"
TRACES, KEYS = "edge-traces", "edge-keys"
"""Clusters of neither home: the collector of traces, and the issuer's keys."""


def routes_file(listener: str) -> str:
    """Return the name of a listener's file of routes; Envoy takes one resource from each."""
    return f"routes-{listener}.json"


def type_url(name: str) -> str:
    """Return how a typed configuration names its type."""
    return f"type.googleapis.com/{name}"


def home_cluster(capability: str, home: Home) -> str:
    """Return the cluster of a home; the monolith is the home of all."""
    return "monolith" if home == "monolith" else capability


def fallback_cluster(capability: str) -> str:
    """Return the cluster in which the monolith stands behind the service."""
    return f"{capability}-else-monolith"


def internal_cluster(capability: str, home: Home) -> str:
    """Return the cluster in which a home takes calls."""
    return f"{home_cluster(capability, home)}-internal"
