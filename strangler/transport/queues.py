"""Names that workers and whoever configures them must agree on."""

from __future__ import annotations

from strangler.conf import Home

RELAY = "strangler.relay"
"""The task that hands on what is due."""

EVERY = "strangler_every_s"
"""The header of a tick that says how many seconds its period has."""


def queue_of(capability: str, home: Home) -> str:
    """Return the name of the queue that *home* consumes for *capability*."""
    return f"{capability}.{home}"
