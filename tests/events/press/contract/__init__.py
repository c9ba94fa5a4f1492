"""What the press says has happened."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.contract import Events

events = Events("press")


@events.declare("test.note.written.v1", aggregate="note", key="aggregate")
@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten:
    """A note has got its next line."""

    aggregate: str
    n: int
