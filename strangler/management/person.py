"""Who gives a command, as history remembers it."""

from __future__ import annotations

import getpass
import os


def person() -> str:
    """Return the name of whoever runs this process; in a container a user has a number and perhaps no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the error's class depends on Python's version
        return f"uid {os.getuid()}"
