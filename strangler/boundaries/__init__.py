"""Separate: what may not cross a capability's border, how it is found, and `Reference`, which may."""

from strangler.boundaries.references import Reference

__all__ = ["Reference"]
