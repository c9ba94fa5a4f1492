"""
The agent: keeps an Envoy in step with the table, and answers for it as a router (R20).

It follows the table as every router does, but acknowledges a version only once Envoy says that it obeys it. Envoy needs
the agent for nothing but changes: without it, and without the control database, it goes on with the last good routes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import get_conf
from strangler.edge.envoy import names
from strangler.edge.envoy.admin import Admin, Obeyed, Silent
from strangler.edge.envoy.renderer import routes_of, version_of
from strangler.edge.envoy.routes import clusters_of
from strangler.edge.figures import Figures
from strangler.edge.renderer import Document, write
from strangler.models import PROCESS_MAX
from strangler.routing import Table
from strangler.state.follower import Follower, write_last_good
from strangler.state.store import load_table, read_version

log = logging.getLogger("strangler.edge")
HOST = "edge"
PATIENCE_S = 5.0
# Who asks more often keeps the thread busy that should take the routes.
_LOOK_S, _LOOK_FOR_REFUSALS_S = 0.005, 0.05


class Agent(Follower):
    """
    Keeps the Envoy whose files lie in *folder* in step.

    Args:
        admin: where that Envoy says what it obeys.

    Attributes:
        refused: the version of routes that Envoy did not take last; empty while all is well.
    """

    def __init__(self, folder: Path, admin: Admin, figures: Figures) -> None:
        super().__init__()
        self.host = HOST
        self.file = get_conf().state_dir / f"table-{HOST}.json"
        self.refused = ""
        self._bare_process = self.process
        self._folder = folder
        self._admin = admin
        self._figures = figures
        self._asked_for = ""
        if not all((folder / names.routes_file(name)).exists() for name in names.LISTENERS):
            write(routes_of(self.table, get_conf()), folder)  # better than none; what is there already is newer

    def run(self) -> None:
        """Follow until told to stop."""
        self._run()

    def catch_up(self, connection: BaseDatabaseWrapper) -> None:
        """Let Envoy obey the newest version, and renew the lease for the one that it does."""
        asked_at = time.monotonic()
        while self._is_out_of_step(read_version(connection)):
            table = load_table(connection)
            if not self._obey(table):
                break
            self.table = table
            self._acknowledge(connection)
            write_last_good(self.file, table)
        self._acknowledge(connection)
        self.leased_until = asked_at + self.lease_s

    def _is_out_of_step(self, newest: int) -> bool:
        """An Envoy that was started anew, or got its files from somewhere else, counts as well."""
        if newest != self.table.version or not self._asked_for:
            return True
        try:
            seen = self._look()
        except Silent:  # busy: the next look tells
            return False
        return seen is not None and not seen.obeys(self._asked_for)

    def _obey(self, table: Table) -> bool:
        """Give Envoy its routes, and return whether it took them; those that it refuses are taken back."""
        began_at = time.monotonic()
        version = version_of(table, get_conf())
        if version == self.refused:
            return False
        try:
            self._hand_over(version, routes_of(table, get_conf()))
        except _Refused as error:
            return self._failed(version, f"refused version {version}{error}", refused=True)
        except Silent as error:
            return self._failed("", str(error), refused=False)
        return self._done(table, began_at)

    def _hand_over(self, version: str, fresh: list[Document]) -> None:
        """
        Give Envoy its routes, and return when it obeys them, or when none runs: that one begins with them.

        Raises:
            _Refused: it does not take them; the files are as they were.
            Silent: it does neither.
        """
        if self._look() is None:
            self._write(version, fresh)
            return
        if missing := set().union(*(clusters_of(document.text) for document in fresh)) - self._admin.clusters():
            # Envoy would take a route to a cluster that it does not have, and answer 503 there.
            raise _Refused(f": started without {', '.join(sorted(missing))}, so render and start it anew")
        before, refusals = self._files(), self._admin.refusals()
        self._write(version, fresh)
        try:
            self._await(version, refusals)
        except _Refused:
            write(before, self._folder)  # an Envoy that starts anew must not find what it does not take
            raise

    def _await(self, version: str, refusals_before: int) -> None:
        until = time.monotonic() + PATIENCE_S
        refusals_at = time.monotonic() + _LOOK_FOR_REFUSALS_S
        while time.monotonic() < until and not self.stopping.wait(_LOOK_S):
            with suppress(Silent, ConnectionRefusedError):  # busy; or it has just ended, which the next look tells
                now = self._look()
                if now is None or now.obeys(version):
                    return
                if time.monotonic() >= refusals_at and self._admin.refusals() > refusals_before:
                    raise _Refused
        raise Silent(f"does not take version {version}")

    def _files(self) -> list[Document]:
        files = [self._folder / names.routes_file(name) for name in names.LISTENERS]
        return [Document(file.name, file.read_text()) for file in files if file.exists()]

    def _write(self, version: str, fresh: Iterable[Document]) -> None:
        write(fresh, self._folder)
        self._asked_for = version

    def _done(self, table: Table, began_at: float) -> bool:
        if self.refused:
            log.info("Envoy obeys again: version %s", table.version)
        self.refused, self.process = "", self._bare_process
        self._figures.obeyed(table.version, time.monotonic() - began_at)
        return True

    def _failed(self, version: str, what: str, *, refused: bool) -> bool:
        self.refused, self._asked_for = version, ""
        self.process = f"{self._bare_process} ({what})"[:PROCESS_MAX]  # the log says it whole
        self._figures.not_obeyed(refused=refused)
        log.error("Envoy %s and goes on with version %s; its log says why", what, self.table.version)
        return False

    def _look(self) -> Obeyed | None:
        """Return what Envoy obeys; None where none runs."""
        try:
            return self._admin.look()
        except ConnectionRefusedError:
            return None


class _Refused(Exception):
    """Envoy does not take these routes."""
