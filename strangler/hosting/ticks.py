"""The clock of a host without a broker: a thread of every process that serves asks for what is periodic."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.core.signals import request_started
from django.db import connections

from strangler.conf import get_conf
from strangler.hosting.conf import get_hosting
from strangler.state.background import Background
from strangler.transport.queues import RELAY

_UID = "strangler.ticks"
log = logging.getLogger(__name__)


def run(stopping: threading.Event) -> None:
    """Tick until told to stop; each task says itself whether its tick has been worked on already (R14)."""
    from strangler.hosting.celery import app

    app.loader.import_default_modules()  # the tasks of all apps, which Celery looks for when it is first asked
    entries = {name: entry for name, entry in app.conf.beat_schedule.items() if name != RELAY}
    due = {name: time.monotonic() + entry["schedule"] for name, entry in entries.items()}
    while due:
        name = min(due, key=due.__getitem__)
        if stopping.wait(max(0.0, due[name] - time.monotonic())):
            return
        due[name] += entries[name]["schedule"]
        try:
            app.tasks[name].apply(headers=entries[name]["options"]["headers"], throw=True)
        except Exception:
            log.exception("%s failed", name)
        finally:
            connections.close_all()


_background = Background("strangler-ticks", run)


def start(**_: Any) -> None:
    """Start the thread of this process, once, where there is no broker."""
    if not get_hosting().broker_url and get_conf().follow:
        _background.start()
    request_started.disconnect(dispatch_uid=_UID)


def start_with_first_request() -> None:
    """Let any server that serves this host have its clock, without knowing of it."""
    request_started.connect(start, dispatch_uid=_UID)
