"""`strangler render` and `strangler edge-agent`."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from strangler.conf import get_conf
from strangler.edge import RENDERERS, Document
from strangler.edge.agent import Agent
from strangler.edge.envoy.admin import Admin
from strangler.edge.envoy.options import Options
from strangler.edge.figures import Figures
from strangler.edge.renderer import write
from strangler.state import load_table


def arguments(parser: ArgumentParser) -> None:
    """Add every kind of edge, with the options of its own."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND", title="kinds")
    for name, renderer in RENDERERS.items():
        kind = kinds.add_parser(name, help=renderer.title, description=f"{renderer.title}.")
        kind.add_argument("--json", action="store_true", help="print JSON")
        kind.add_argument("--out", type=Path, metavar="FOLDER", help="write the files there instead of showing them")
        renderer.arguments(kind)


def render(options: dict[str, Any]) -> list[Document]:
    """Return the newest table as files of one kind, written where the options say."""
    documents = RENDERERS[options["kind"]].render(load_table(), get_conf(), options)
    if folder := options["out"]:
        write(documents, folder)
    return documents


def text_of(documents: list[Document], folder: Path | None) -> str:
    """Return the files as a person reads them, or where they were written."""
    return "\n".join(f"{folder / made.name}" if folder else f"# {made.name}\n{made.text}" for made in documents)


def agent_arguments(parser: ArgumentParser) -> None:
    """Add what an agent must know of its Envoy."""
    usual = Options()
    parser.add_argument("--folder", type=Path, required=True, help="where `render envoy --out` wrote Envoy's files")
    parser.add_argument("--admin", default=usual.admin, help=f"Envoy's own interface (default: {usual.admin})")
    parser.add_argument("--metrics", help="serve the agent's figures there, such as 127.0.0.1:8802")


def serve(options: dict[str, Any]) -> None:
    """Keep an Envoy in step until SIGTERM or SIGINT."""
    figures = Figures()
    agent = Agent(options["folder"], Admin(options["admin"]), figures)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: agent.stopping.set())
    if options["metrics"]:
        figures.serve(options["metrics"])
    agent.run()
