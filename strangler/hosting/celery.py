"""
The Celery application of a host: `celery -A strangler.hosting.celery worker`.

Workers share the broker but not their queues: each home consumes its own and works on its own rows. Which of them may
write is decided by the ownership row, first thing in each task (R2, R14). Each has a clock of its own, and needs no
beat.
"""

from __future__ import annotations

import os

import structlog
from celery import Celery, signals
from kombu.entity import Queue

from strangler.hosting.conf import get_hosting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.config.settings")

app = Celery("strangler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in get_hosting().queues] or None  # type: ignore[no-untyped-call]
app.autodiscover_tasks()
app.autodiscover_tasks(["strangler.events"])


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def keep_logs(**_: object) -> None:
    """Keep Celery from replacing the host's logging; `HostingConfig.ready` has set it up."""


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def start_clock(**_: object) -> None:
    """Let the worker ask for what is periodic."""
    from strangler.hosting import ticks  # Celery has set Django up by now

    ticks.start()


@signals.task_prerun.connect  # type: ignore[untyped-decorator]
def bind_task(task_id: str, task: object, **_: object) -> None:
    """Name the task in every line that it logs."""
    structlog.contextvars.bind_contextvars(task_id=task_id, task=getattr(task, "name", ""))


@signals.task_postrun.connect  # type: ignore[untyped-decorator]
def unbind_task(**_: object) -> None:
    """Forget the task."""
    structlog.contextvars.unbind_contextvars("task_id", "task")
