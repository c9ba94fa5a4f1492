"""How a mover asks for locks without standing in anybody's way (R16, ADR 0022)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.cutover.runner import Context, Event
from strangler.cutover.writers import blockers, elders, everybody
from strangler.errors import Refused
from strangler.replication import TooSlow

WAITS_MS = (50,) * 8 + (100, 100, 200, 200, 400, 400)
"""How long each attempt may keep others waiting: longer only when writers never leave a gap of the usual length."""
PAUSE_S = 1.0
Who = Callable[[BaseDatabaseWrapper, Sequence[str]], list[str]]
_COULD_NOT: dict[Who, str] = {
    blockers: "The tables in {0!r} could not be locked.",
    everybody: "The tables in {0!r} could not be locked.",
    elders: "The database {0!r} could not begin to keep changes.",
}


def patiently(
    context: Context,
    step: str,
    connection: BaseDatabaseWrapper,
    act: Callable[[int], None],
    *,
    who: Who = blockers,
    also: BaseDatabaseWrapper | None = None,
) -> int:
    """
    Repeat *act* at a distance until it gets the locks that it needs, and return the number of attempts.

    Args:
        act: is told for how many milliseconds it may wait; raises OperationalError or TooSlow when that was too short.
        who: finds out who is in the way.
        also: another database in which *act* needs locks.

    Raises:
        Refused: it never was long enough; names who was in the way.
    """
    tables = context.switch.tables
    for attempt, wait_ms in enumerate(WAITS_MS, start=1):
        try:
            act(wait_ms)
        except (OperationalError, TooSlow) as error:
            _let_go(context.switch.source_connection)
            _let_go(context.switch.target_connection)
            in_the_way = [named for place in (connection, also) if place for named in who(place, tables)]
            if attempt == len(WAITS_MS):
                named = in_the_way or [str(error).strip()]
                raise Refused([_COULD_NOT[who].format(connection.alias), *named]) from error
            context.report(Event(step, "waiting", figures={"attempt": attempt, "blockers": in_the_way}))
            time.sleep(PAUSE_S)
        else:
            return attempt
    raise AssertionError("unreachable")


def _let_go(connection: BaseDatabaseWrapper) -> None:
    """Close a connection whose server went away; the next attempt finds it when it is back."""
    if connection.connection is not None and not connection.in_atomic_block and not connection.is_usable():
        connection.close()
