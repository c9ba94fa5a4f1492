"""A client of the catalog."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contracts import client
from tests.contracts.client import Answer, pages

__all__ = ["MOUNT", "Answer", "Client", "pages"]
MOUNT = "/api/catalog"


@dataclass(frozen=True)
class Client(client.Client):
    """Speaks to the catalog at one address."""

    mount: str = MOUNT
