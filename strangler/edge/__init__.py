"""Render: the route table for what stands in front, and the agent that keeps an Envoy in step."""

from strangler.edge import envoy, kubernetes
from strangler.edge.renderer import Document, Renderer

RENDERERS: dict[str, Renderer] = {
    "envoy": envoy.RENDERER,
    **{kind: objects.renderer() for kind, objects in kubernetes.OBJECTS.items()},
}
"""Every kind of edge, by the name that `strangler render` takes."""

__all__ = ["RENDERERS", "Document", "Renderer"]
