"""
An orderly end: not ready first, then no new connections, then the requests in progress finish.

The mark is a file, because the server's parent process gets the signal and its worker processes answer `/readyz`.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "STRANGLER_DRAIN_FILE"


def begun() -> bool:
    """Whether this host was told to stop."""
    file = os.environ.get(VARIABLE)
    return file is not None and Path(file).exists()


def begin() -> None:
    """Make this host not ready from now on."""
    if file := os.environ.get(VARIABLE):
        Path(file).touch()
