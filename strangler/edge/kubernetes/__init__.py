"""Kubernetes as the edge: the table as objects of the Gateway API or Istio, and kubectl, which brings them there."""

from strangler.edge.kubernetes import gateway_api, istio
from strangler.edge.kubernetes.objects import Objects

OBJECTS: dict[str, Objects] = {made.kind: made for made in (gateway_api.OBJECTS, istio.OBJECTS)}
"""What `strangler apply` can bring into a cluster."""

__all__ = ["OBJECTS", "Objects"]
