"""Events as they come off the wire, written by hand."""

from __future__ import annotations

import json
import uuid
from typing import Any

TYPE = "test.note.written.v1"


def letter(n: int, *, aggregate: str = "a", previous: int | None = None, **changes: Any) -> str:
    """Return the *n*-th note of an aggregate as a CloudEvents document; its id follows from both."""
    document = {
        "specversion": "1.0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{aggregate}/{n}")),
        "source": "/press",
        "type": TYPE,
        "subject": aggregate,
        "time": "2026-01-02T03:04:05.678901Z",
        "datacontenttype": "application/json",
        "dataschema": f"urn:strangler:press:{TYPE}",
        "partitionkey": aggregate,
        "aggregatetype": "note",
        "sequence": f"{n:019}",
        "previoussequence": f"{n - 1 if previous is None else previous:019}",
        "data": {"aggregate": aggregate, "n": n},
    }
    return json.dumps(document | changes)


def id_of(raw: str) -> str:
    """Return the id of a letter."""
    found: str = json.loads(raw)["id"]
    return found
