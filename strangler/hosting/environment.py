"""Reads a host's environment and says everything that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from strangler.errors import SetupError

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class Environment:
    """
    The environment of one host.

    Each reader returns a usable value even when the variable is wrong, and remembers the fault, so that `check`
    can report all of them together. A variable that is set but empty counts as not set.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        self.faults: list[str] = []

    def fault(self, name: str, what: str) -> None:
        """Remember that the variable *name* is wrong; it may be read, and found wrong, several times."""
        if (fault := f"{name}: {what}") not in self.faults:
            self.faults.append(fault)

    def check(self) -> None:
        """
        End the reading.

        Raises:
            SetupError: with every fault, when there is one.
        """
        if self.faults:
            raise SetupError(self.faults)

    def text(self, name: str, default: str = "") -> str:
        """Return the variable *name*, stripped, or *default*."""
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, default: bool) -> bool:
        """Return *name* as a truth value."""
        raw = self.text(name, "true" if default else "false").lower()
        if raw not in _TRUE | _FALSE:
            self.fault(name, f"must be true or false, not {raw!r}.")
        return raw in _TRUE

    def number(self, name: str, default: float) -> float:
        """Return *name* as a number that is not negative."""
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            value = -1.0
        if value < 0:
            self.fault(name, f"must be a number that is not negative, not {raw!r}.")
            return default
        return value

    def path(self, name: str, default: Path) -> Path:
        """Return *name* as a path."""
        return Path(self.text(name, str(default))).expanduser()

    def choice(self, name: str, default: str, *others: str) -> str:
        """Return *name*, which must be *default* or one of *others*."""
        raw = self.text(name, default)
        if raw not in (default, *others):
            self.fault(name, f"must be one of {', '.join(filter(None, (default, *others)))}, not {raw!r}.")
        return raw

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """Return *name* split at commas."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()] or list(default)

    def url(self, name: str, default: str) -> str:
        """Return *name* as an http address without a path."""
        raw = self.text(name, default).rstrip("/")
        parts = urlsplit(raw)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            self.fault(name, f"must be an address such as {default or 'http://127.0.0.1:8000'!r}, not {raw!r}.")
        return raw

    def secret(self, name: str, default: str | None, *, bytes_min: int = 32) -> str:
        """
        Return the secret *name*.

        Args:
            default: for development; None makes the variable required.
        """
        raw = self.text(name) or default
        if raw is None:
            self.fault(name, f"is required: a random secret of at least {bytes_min} bytes.")
        elif len(raw.encode()) < bytes_min:
            self.fault(name, f"must have at least {bytes_min} bytes, it has {len(raw.encode())}.")
        return raw or ""

    def keys(self, name: str, default: Mapping[str, str] | None) -> dict[str, str]:
        """Return *name*, written `id:secret,id:secret`, as a mapping in the same order; the first one signs."""
        pairs = dict(pair.partition(":")[::2] for pair in self.words(name))
        if not pairs and default is None:
            self.fault(name, "is required: `id:secret` pairs, comma separated; the first signs, all verify.")
        if any(not secret for secret in pairs.values()):
            self.fault(name, "must be written `id:secret,id:secret`.")
        return pairs or dict(default or {})
