"""What a running Envoy says of itself at its admin interface."""

from __future__ import annotations

import re
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from strangler.edge.envoy import names

_TIMEOUT_S = 2.0
_OF_ROUTES = "filter=^http%5C.%5Cw%2B%5C.rds%5C."
_VERSION = re.compile(r'^http\.(\w+)\.rds\.\1\.version_text: "?([^"\n]*)"?$', re.MULTILINE)
_REFUSAL = re.compile(r"^http\.(\w+)\.rds\.\1\.update_(?:rejected|failure): (\d+)$", re.MULTILINE)
_CLUSTER = re.compile(r"^([^:\n]+)::observability_name::", re.MULTILINE)


class Silent(Exception):
    """An Envoy that runs, and does not answer."""


class Obeyed(NamedTuple):
    """
    What an Envoy obeys.

    Attributes:
        versions: of the routes, by listener; empty before the first.
    """

    versions: dict[str, str]

    def obeys(self, version: str) -> bool:
        """Return whether every listener obeys *version*."""
        return bool(self.versions) and set(self.versions.values()) == {version}


class Admin:
    """
    The admin interface at *address*, a host and a port; Envoy answers there by the thread that takes its routes.

    Every question raises ConnectionRefusedError where no Envoy runs, and `Silent` where one does not answer.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host.strip("[]"), int(port))

    def look(self) -> Obeyed:
        """Return what Envoy obeys now; costs it a quarter of what `refusals` does."""
        versions = dict(_VERSION.findall(self._get(f"/stats?type=TextReadouts&{_OF_ROUTES}")))
        return Obeyed({name: versions.get(name, "") for name in names.LISTENERS})

    def refusals(self) -> int:
        """Return how many files of routes Envoy has not taken since it started."""
        return sum(int(count) for _, count in _REFUSAL.findall(self._get(f"/stats?type=Counters&{_OF_ROUTES}")))

    def clusters(self) -> set[str]:
        """Return the names of the clusters that Envoy was started with."""
        return set(_CLUSTER.findall(self._get("/clusters")))

    def is_ready(self) -> bool:
        """Return whether Envoy takes requests."""
        try:
            return self._get("/ready").strip() == "LIVE"
        except (ConnectionRefusedError, Silent):
            return False

    def _get(self, target: str) -> str:
        connection = HTTPConnection(*self._address, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", target)
            return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            raise
        except (OSError, HTTPException) as error:
            raise Silent(f"does not answer ({error!r})") from error
        finally:
            connection.close()
