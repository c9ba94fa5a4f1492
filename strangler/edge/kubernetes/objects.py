"""What the kinds of Kubernetes objects have in common."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from strangler.conf import Conf
from strangler.edge.kubernetes.cluster import Cluster, cluster_of
from strangler.edge.kubernetes.yaml import Manifest, dump
from strangler.edge.renderer import Document, Renderer
from strangler.routing import Table


@dataclass(frozen=True, slots=True)
class Objects:
    """
    One way to write the table as objects.

    Attributes:
        kind: as `strangler render` and `strangler apply` call it, and as the objects are labelled.
        title: what it writes, for a person.
        resources: all kinds of objects that may be written, with their groups.
        limits: what such objects cannot do; the reader of the text is told.
        manifests: returns the objects of a table, in an order that tells nothing but reads well.
    """

    kind: str
    title: str
    resources: tuple[str, ...]
    limits: tuple[str, ...]
    manifests: Callable[[Table, Cluster], list[Manifest]]

    def render(self, table: Table, cluster: Cluster) -> str:
        """
        Return the table as YAML, the same for the same table and cluster.

        Raises:
            SetupError: a service that the table leads to has no address, or a name cannot be written.
        """
        return dump(self.manifests(table, cluster), self.limits)

    def renderer(self) -> Renderer:
        """Return what `strangler render` needs."""
        return Renderer(self.title, _arguments, self._documents)

    def _documents(self, table: Table, conf: Conf, options: Mapping[str, Any]) -> list[Document]:
        return [Document(f"{self.kind}.yaml", self.render(table, cluster_of(conf, options.get("namespace"))))]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--namespace", help="where the objects go (default: KUBERNETES_NAMESPACE of the settings)")
