"""
Who applies while rows flow: a thread wherever both homes' databases are known, or `strangler mover`.

Any number may run, for one applies at a time and any may go on where another one died. Nothing depends on them either:
a switch brings over by itself what is left.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import Any, NamedTuple

from django.core.signals import request_started
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet

from strangler.conf import Home, get_conf
from strangler.errors import StranglerError
from strangler.models import Stream
from strangler.replication.keylog.applier import Applier
from strangler.replication.keylog.transactions import Opened
from strangler.replication.stream import Flow
from strangler.state.background import Background
from strangler.state.connection import dedicated

KIND = "keylog"
POLL_S = {"sqlite": 0.05, "postgresql": 0.1}
LOOK_S = 0.5
"""How often the control database is asked which streams there are."""
FAILED_S = 2.0
_UID = "strangler.keylog"
log = logging.getLogger(__name__)


class Failures(NamedTuple):
    """How often bringing rows over has failed, and why it did last; *problem* is empty once it succeeded again."""

    times: int = 0
    problem: str = ""


def failures(capability: str, target: Home) -> Failures:
    """Return what appliers in any process have noted about the stream to *target*."""
    rows = _recorded(capability, target).values_list("errors", "problem")
    return Failures(*rows.first() or ())


def _recorded(capability: str, target: Home) -> QuerySet[Stream]:
    rows = Stream.objects.using(get_conf().control_database)
    return rows.filter(capability=capability, target=target, kind=KIND)


class Attendant:
    """Applies one flow, in one thread and through connections of its own, and records how it goes."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self._failed = True  # whoever applied before may have left a problem that is none any more
        self._due = 0.0
        self._applier: Applier | None = None

    def apply(self) -> int:
        """Bring over what waits, and return how much that was; a failure is noted, and tried again somewhat later."""
        if time.monotonic() < self._due:
            return 0
        try:
            done = self._connected().apply()
        except Opened:
            return 0
        except (Error, StranglerError, OSError) as error:
            self._note(error)
            return 0
        if self._failed:
            self._record(problem="")
            self._failed = False
        return done

    def copies(self) -> bool:
        """Return whether rows of a first copy wait still, as far as is known."""
        try:
            return self._connected().copies()
        except (Error, OSError) as error:
            self._note(error)
            return True

    def close(self) -> None:
        """Give the connections back; the next look opens others."""
        if self._applier is not None:
            self._applier.source.close()
            self._applier.target.close()
            self._applier = None

    def _connected(self) -> Applier:
        if self._applier is None:
            source, target = dedicated(self.flow.source_connection.alias), dedicated(self.flow.target_connection.alias)
            self._applier = Applier(self.flow, source, target)
        return self._applier

    def _note(self, error: Exception) -> None:
        self._due = time.monotonic() + FAILED_S
        self._failed = True
        self.close()
        log.warning("%s: rows for the %s wait: %s", self.flow.capability, self.flow.target, error)
        self._record(errors=F("errors") + 1, problem=f"Rows cannot be brought over: {str(error).strip()}")

    def _record(self, **values: Any) -> None:
        """Let every process know, if the control database can be told."""
        with suppress(Error):
            _recorded(self.flow.capability, self.flow.target).update(**values)
        connections[get_conf().control_database].close()


def serve(stopping: threading.Event) -> None:
    """Apply every stream of the keylog that this process can reach, until told to stop."""
    control = dedicated(get_conf().control_database)
    attendants: dict[tuple[str, Home, Home], Attendant] = {}
    due = 0.0
    try:
        while not stopping.is_set():
            if time.monotonic() >= due:
                due = time.monotonic() + (LOOK_S if _follow_streams(control, attendants) else FAILED_S)
            done = sum(attendant.apply() for attendant in attendants.values())
            if not done:
                stopping.wait(POLL_S[control.vendor] if attendants else LOOK_S)
    finally:
        for attendant in attendants.values():
            attendant.close()
        control.close()


def _follow_streams(control: BaseDatabaseWrapper, attendants: dict[tuple[str, Home, Home], Attendant]) -> bool:
    """Take on streams that have begun and let go of those that have ended; False when nobody could be asked."""
    try:
        wanted = _streams(control)
    except (Error, OSError) as error:
        log.warning("the control database does not answer: %s", error)
        control.close()
        return False
    for gone in attendants.keys() - wanted:
        attendants.pop(gone).close()
    for new in wanted - attendants.keys():
        attendants[new] = Attendant(_flow_of(*new))
    return True


def _streams(control: BaseDatabaseWrapper) -> set[tuple[str, Home, Home]]:
    known = get_conf().capabilities
    with control.cursor() as cursor:
        cursor.execute(
            "SELECT capability, source, target FROM strangler_stream"
            f" WHERE kind = '{KIND}' AND state IN ('copying', 'streaming')"
        )
        rows = cursor.fetchall()
    return {tuple(row) for row in rows if row[0] in known and len(known[row[0]].databases) > 1}


def _flow_of(capability: str, source: Home, target: Home) -> Flow:
    from strangler.replication.flows import flow_of  # it knows every mover, this one too

    return flow_of(capability, source, target)


_background = Background("strangler-keylog", serve)


def start(**_: object) -> None:
    """Start the thread of this process, once, where both homes of some capability can be reached."""
    conf = get_conf()
    if conf.follow and any(len(capability.databases) > 1 for capability in conf.capabilities.values()):
        _background.start()
    request_started.disconnect(dispatch_uid=_UID)


def start_with_first_request() -> None:
    """Let any server that serves this host apply, without knowing of it."""
    request_started.connect(start, dispatch_uid=_UID)
