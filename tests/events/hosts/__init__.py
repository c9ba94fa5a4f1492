"""The hosts of a platform that has a publisher and a subscriber and nothing else."""

from __future__ import annotations

import os
from typing import Any

from strangler.hosting.host import Capability

PRESS = Capability("press", package="tests.events.press", port=8191)
READER = Capability("reader", package="tests.events.reader", port=8192)
SETTINGS = {name: f"tests.events.hosts.{name}" for name in ("monolith", "press", "reader")}


def impatient(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a host's settings with times for tests, and with the faults that the environment asks for."""
    settings["STRANGLER"] |= {
        "REPUBLISH_S": float(os.environ.get("REPUBLISH_S", "2")),
        "EVENT_ATTEMPTS_MAX": int(os.environ.get("EVENT_ATTEMPTS_MAX", "8")),
    }
    settings["INSTALLED_APPS"] += ["strangler.testing", "tests.events.faults.FaultsConfig"]
    settings["STRANGLER_PAUSE_AFTER"] = int(os.environ.get("STRANGLER_PAUSE_AFTER", "0"))
    return settings
