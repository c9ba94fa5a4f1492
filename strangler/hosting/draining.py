"""
An orderly end: not ready first, then no new connections, then the requests in progress finish.

The marks are files, because the server's parent process gets the signal and its worker processes act on it.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "STRANGLER_DRAIN_FOLDER"
_BEGUN, _CLOSED = "draining", "closed"


def begun() -> bool:
    """Whether this host was told to stop."""
    return _is_marked(_BEGUN)


def begin() -> None:
    """Make this host not ready from now on."""
    _mark(_BEGUN)


def is_closed() -> bool:
    """Whether this host should accept no more connections."""
    return _is_marked(_CLOSED)


def close() -> None:
    """Let this host accept no more connections from now on."""
    _mark(_CLOSED)


def _is_marked(name: str) -> bool:
    folder = os.environ.get(VARIABLE)
    return folder is not None and (Path(folder) / name).exists()


def _mark(name: str) -> None:
    if folder := os.environ.get(VARIABLE):
        (Path(folder) / name).touch()
