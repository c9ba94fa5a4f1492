"""A database that cannot be reached is told from one that answers, and refuses."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError

# PostgreSQL's Appendix A: shut down, crashed, starting; no room for another client.
_GONE = frozenset({"57P01", "57P02", "57P03", "53300"})
_CONNECTION = "08"


def is_outage(error: BaseException) -> bool:
    """
    Return whether *error* says that a PostgreSQL server cannot be reached, or went away meanwhile.

    What was under way may have been committed.
    """
    cause: Any = error.__cause__
    if not isinstance(error, OperationalError) or not hasattr(cause, "sqlstate"):
        return False
    state: str | None = cause.sqlstate  # None: nobody answered
    return state is None or state[:2] == _CONNECTION or state in _GONE
