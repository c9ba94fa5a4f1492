"""What the databases' refusals mean in Python."""

from __future__ import annotations

import json
from typing import Any

from strangler.errors import StranglerError

SQLSTATE = "SF001"


class Moved(StranglerError):
    """
    The database refused: another home owns the capability's rows.

    Attributes:
        owner: the home that may write.
        epoch: the epoch in which it became the owner.
    """

    def __init__(self, capability: str, owner: str, epoch: int) -> None:
        super().__init__(f"{capability} belongs to the {owner} since epoch {epoch}")
        self.capability = capability
        self.owner = owner
        self.epoch = epoch

    def __reduce__(self) -> tuple[type[Moved], tuple[str, str, int]]:
        """Cross to another process whole, as from a worker's child to its parent."""
        return type(self), (self.capability, self.owner, self.epoch)


def moved_from(error: BaseException) -> Moved | None:
    """Return the refusal that *error*, or what caused it, stands for; None for any other error."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Moved):
            return seen
        if (detail := _detail(seen)) is not None:
            return Moved(detail["capability"], detail["owner"], detail["epoch"])
        seen = seen.__cause__
    return None


def _detail(error: BaseException) -> dict[str, Any] | None:
    if getattr(error, "sqlstate", None) == SQLSTATE:  # psycopg: the DETAIL is JSON
        return _json(error.diag.message_detail)  # type: ignore[attr-defined]
    message = str(error)
    if message.startswith(f"{SQLSTATE} "):  # SQLite: RAISE has a message only
        return _json(message.removeprefix(f"{SQLSTATE} "))
    return None


def _json(text: str) -> dict[str, Any]:
    start = text.index("{")
    detail: dict[str, Any] = json.loads(text[start:])
    return detail
