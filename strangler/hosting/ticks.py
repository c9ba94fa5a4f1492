"""
The clock of a process: a thread that asks for what is periodic (`CELERY_BEAT_SCHEDULE`).

Workers have it, and where there is no broker, whoever serves. It spares a beat of its own, which may run as well, for a
tick that comes twice is worked on once (R14).
"""

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
    """Tick until told to stop; without a broker, a tick is worked on here and now."""
    from strangler.hosting.celery import app

    app.loader.import_default_modules()  # the tasks of all apps, which Celery looks for when it is first asked
    entries = dict(app.conf.beat_schedule)
    if not get_hosting().broker_url:
        entries.pop(RELAY, None)  # it is a thread there
    due = {name: time.monotonic() + entry["schedule"] for name, entry in entries.items()}
    while due:
        name = min(due, key=due.__getitem__)
        if stopping.wait(max(0.0, due[name] - time.monotonic())):
            return
        due[name] = max(due[name] + entries[name]["schedule"], time.monotonic())
        try:
            app.tasks[name].apply_async(**entries[name]["options"])
        except Exception as error:
            log.warning("%s was not asked for: %s", name, error)
        finally:
            connections.close_all()


_background = Background("strangler-ticks", run)


def start() -> None:
    """Start the thread of this process, once."""
    _background.start()


def _start_without_broker(**_: Any) -> None:
    if not get_hosting().broker_url and get_conf().follow:
        start()
    request_started.disconnect(dispatch_uid=_UID)


def start_with_first_request() -> None:
    """Let any server that serves a host without a broker have its clock, without knowing of it."""
    request_started.connect(_start_without_broker, dispatch_uid=_UID)
