"""The route table as Envoy reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from strangler.conf import Conf
from strangler.edge.envoy import names
from strangler.edge.envoy.bootstrap import bootstrap_document
from strangler.edge.envoy.options import BOOTSTRAP, Options, add_arguments
from strangler.edge.envoy.routes import routes_document
from strangler.edge.renderer import Document, Renderer
from strangler.routing import Table


def render(table: Table, conf: Conf, given: Mapping[str, Any]) -> list[Document]:
    """
    Return Envoy's bootstrap and its routes.

    Raises:
        SetupError: the options do not go together.
    """
    bootstrap = Document(BOOTSTRAP, bootstrap_document(conf, Options.of(given)))
    return [bootstrap, *routes_of(table, conf)]


def routes_of(table: Table, conf: Conf) -> list[Document]:
    """Return the routes alone: what changes while Envoy runs."""
    version = version_of(table, conf)
    return [
        Document(names.routes_file(listener), routes_document(listener, table, conf, version=version))
        for listener in names.LISTENERS
    ]


def version_of(table: Table, conf: Conf) -> str:
    """Return what Envoy calls these routes: the table's version, and a mark of what the settings add to it."""
    settled = repr((table.routes, sorted(conf.capabilities), conf.upstream_timeout_s, conf.switch_wait_s))
    return f"{table.version}-{hashlib.sha256(settled.encode()).hexdigest()[:8]}"


RENDERER = Renderer("Envoy's bootstrap and its routes", add_arguments, render)
