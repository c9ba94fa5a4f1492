"""
Watch every connection for statements and transactions that cross a border.

In production crossings are counted and each distinct one is logged once; a statement is never refused, and nothing
that goes wrong here reaches the application. While a test runs, `strangler.testing.plugin` listens instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.boundaries.crossings import SqlCrossing, crossings
from strangler.boundaries.territory import territory
from strangler.conf import get_conf
from strangler.errors import SetupError
from strangler.state import blocks_of, text_of

try:
    from prometheus_client import Counter
except ImportError:
    Counter = None  # type: ignore[assignment,misc]

logger = logging.getLogger("strangler.boundaries")
_LOGGED_MAX = 1000
_logged: set[str] = set()
if Counter is not None:
    _figure = Counter(
        "strangler_border_crossings",
        "Statements and transactions that used tables of two capabilities.",
        ("kind", "capability", "other"),
    )


def count_and_log(crossing: SqlCrossing) -> None:
    """Count a crossing, and log it unless one like it was logged before."""
    if Counter is not None:
        _figure.labels(crossing.kind, crossing.capability, crossing.other).inc()
    if _is_news(crossing.key):
        logger.warning("%s", crossing)


Listener = Callable[[SqlCrossing], None]
_listener: Listener = count_and_log


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell *listener* of crossings in all threads of this process, instead of counting them."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before


def watch_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Watch a new connection, if there are two capabilities in this host and sqlglot is installed."""
    if not _wanted():
        return
    if _watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(_watch)


def _wanted() -> bool:
    try:
        return get_conf().watch_borders and len(territory().labels) > 1 and find_spec("sqlglot") is not None
    except SetupError:  # told by the system checks
        return False


def _watch(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    _look(context["connection"], sql)
    return execute(sql, params, many, context)


def _look(connection: BaseDatabaseWrapper, sql: Any) -> None:
    try:
        for crossing in crossings(connection, blocks_of(connection), text_of(connection, sql)):
            _listener(crossing)
    except Exception as error:  # whoever only watches stops nobody's statement
        if _is_news(repr(error)):
            logger.exception("A statement could not be judged.")


def _is_news(key: str) -> bool:
    if key in _logged or len(_logged) >= _LOGGED_MAX:
        return False
    _logged.add(key)
    return True
