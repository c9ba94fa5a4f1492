"""What was tried and what was acknowledged, on disk before it counts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Ledger:
    """An append-only file of JSON lines, shared by all actors of a run."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def intend(self, **entry: Any) -> None:
        """Note a write that is about to be sent."""
        self._append({"kind": "intent", **entry})

    def acknowledge(self, **entry: Any) -> None:
        """Note an acknowledged write; it is on disk when this returns."""
        self._append({"kind": "ack", **entry})
        os.fsync(self._file)

    def refuse(self, **entry: Any) -> None:
        """Note a write that was finally refused and so must have no effect."""
        self._append({"kind": "refusal", **entry})

    def witness(self, **entry: Any) -> None:
        """Note that a home admitted a writer who has nothing else to remember."""
        self._append({"kind": "witness", **entry})

    def complain(self, **entry: Any) -> None:
        """Note anything that must not happen, for whoever looks for the cause."""
        self._append({"kind": "complaint", **entry})

    def close(self) -> None:
        """Sync and close the file."""
        os.fsync(self._file)
        os.close(self._file)

    def _append(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            os.write(self._file, line)


@dataclass(slots=True)
class Write:
    """One intended write and, when it was acknowledged, the version that the answer named."""

    key: str
    act: str
    slug: str
    mark: str
    version: int | None = None


@dataclass(slots=True)
class History:
    """All writes to one product but the refused ones, in the order in which its only writer sent them."""

    slug: str
    writes: list[Write] = field(default_factory=list)

    @property
    def acknowledged(self) -> list[Write]:
        """The writes whose acknowledgement is on disk."""
        return [write for write in self.writes if write.version is not None]

    @property
    def open_after_last(self) -> list[Write]:
        """Writes of unknown outcome sent after the last acknowledged one."""
        known = [index for index, write in enumerate(self.writes) if write.version is not None]
        return self.writes[known[-1] + 1 if known else 0 :]


def histories(path: Path) -> dict[str, History]:
    """Return the ledger's writes by product slug."""
    by_key: dict[str, Write] = {}
    by_slug: dict[str, History] = {}
    for entry in entries(path):
        if entry["kind"] == "intent":
            write = Write(entry["key"], entry["act"], entry["slug"], entry["mark"])
            by_key[write.key] = write
            by_slug.setdefault(write.slug, History(write.slug)).writes.append(write)
        elif entry["kind"] == "ack":
            by_key[entry["key"]].version = entry["version"]
        elif entry["kind"] == "refusal":
            write = by_key[entry["key"]]
            # A repeat of what was acknowledged long ago may be refused too; that first effect stays.
            if write.version is None:
                by_slug[write.slug].writes.remove(write)
    return by_slug


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the ledger's lines in order; a torn last line is left out."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)
