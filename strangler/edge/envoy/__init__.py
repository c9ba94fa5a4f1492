"""Envoy as the edge: its configuration, and what its admin interface says."""

from __future__ import annotations

from strangler.edge.envoy.renderer import RENDERER

__all__ = ["RENDERER"]
