"""What the kit itself needs to know of its host: `settings.HOSTING`, derived in `settings.py`, as a frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Hosting:
    """
    One host.

    Attributes:
        name: `monolith` or the capability's name; the name of its spans and log lines.
        mounts: path to URL module, one for each app.
        broker_url: empty when there is no broker.
        queues: what its workers consume.
        keys_dir: where an issuer keeps its signing keys (`keyring`).
        log_format: `json`, `console`, or empty for whichever fits where the log goes.
    """

    name: str = ""
    mounts: Mapping[str, str] = field(default_factory=dict)
    broker_url: str = ""
    queues: tuple[str, ...] = ()
    keys_dir: Path = Path(".run/keys")
    log_format: str = ""
    log_level: str = "INFO"


def get_hosting() -> Hosting:
    """Return the host's part of the settings; a host that is no host of the kit has the defaults."""
    return Hosting(**getattr(settings, "HOSTING", {}))
