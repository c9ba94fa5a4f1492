"""Envoy in front of everything, and the agent that keeps it in step with the table."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monolith.config.run.hosts import ROOT
from monolith.config.run.ports import HOST
from monolith.config.run.processes import Program
from strangler.edge.envoy.options import BOOTSTRAP
from strangler.edge.envoy.program import command


@dataclass(frozen=True, slots=True)
class Edge:
    """
    One Envoy, whose files lie in *folder*.

    Attributes:
        internal_port: for other hosts.
        admin_port: Envoy's own interface.
    """

    folder: Path
    port: int
    internal_port: int
    admin_port: int

    @property
    def url(self) -> str:
        """The public address."""
        return f"http://{HOST}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where Envoy tells its figures."""
        return f"http://{HOST}:{self.admin_port}"

    def rendering(self) -> tuple[str, ...]:
        """Return the management command that writes Envoy's files."""
        return (
            "strangler", "render", "envoy", "--out", str(self.folder), "--listen", f"{HOST}:{self.port}",
            "--internal", f"{HOST}:{self.internal_port}", "--admin", f"{HOST}:{self.admin_port}",
        )  # fmt: skip

    def program(self) -> Program:
        """Return how Envoy is run; its access log is its output."""
        return Program(
            name="edge",
            title="Edge (Envoy)",
            argv=tuple(command(self.folder / BOOTSTRAP)),
            address=self.url,
            ready=self.answers,
            directory=self.folder,
        )

    def agent(self, environment: Mapping[str, str]) -> Program:
        """Return how the agent is run."""
        watched = ("--folder", str(self.folder), "--admin", f"{HOST}:{self.admin_port}")
        return Program(
            name="edge-agent",
            title="Agent of the edge",
            argv=(sys.executable, "manage.py", "strangler", "edge-agent", *watched),
            ready=lambda: True,
            does="keeps the edge in step",
            environment=environment,
            directory=ROOT,
        )

    def answers(self) -> bool:
        """Whether requests get through to a monolith that is ready."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310  our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
