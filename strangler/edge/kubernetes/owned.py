"""What marks an object in a cluster as ours, and as of which version of the table."""

from __future__ import annotations

from typing import Any

MANAGER = "django-strangler"
MANAGED_BY = "app.kubernetes.io/managed-by"
EDGE = f"{MANAGER}/edge"
CAPABILITY = f"{MANAGER}/capability"
VERSION = f"{MANAGER}/version"


def metadata(edge: str, name: str, namespace: str, version: int, capability: str = "") -> dict[str, Any]:
    """Return the metadata of an object that belongs to the rendering *edge* of a table's version."""
    labels = {MANAGED_BY: MANAGER, EDGE: edge}
    if capability:
        labels[CAPABILITY] = capability
    return {"name": name, "namespace": namespace, "labels": labels, "annotations": {VERSION: str(version)}}


def selector(edge: str) -> str:
    """Return what selects the objects of *edge*."""
    return f"{MANAGED_BY}={MANAGER},{EDGE}={edge}"
