"""What is to be done, and whoever asks for it inside a host."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from celery import shared_task
from django.db import transaction

from strangler.conf import get_conf
from strangler.events.tasks import HOPS, owned_task, periodic_task
from strangler.fence import owning
from tests.integration.events.chores.models import Effect


@owned_task("chores", name="chores.note", bind=True)
def note(task: Any, what: str) -> None:
    """Have the effect."""
    _have_effect(task, what)


@owned_task("chores", name="chores.note_and_wait", bind=True)
def note_and_wait(task: Any, what: str) -> None:
    """Have the effect, and wait inside the transaction."""
    _have_effect(task, what)
    _wait_at_the_gate(what)


@owned_task("chores", name="chores.note_and_linger", bind=True)
def note_and_linger(task: Any, what: str) -> None:
    """Have the effect, and wait between the commit and the acknowledgement."""
    _have_effect(task, what)
    transaction.on_commit(lambda: _wait_at_the_gate(what))


@periodic_task("chores", name="chores.tick", bind=True)
def tick(task: Any) -> None:
    """Have an effect in each period."""
    with owning("chores"):
        _have_effect(task, "tick")


@shared_task(name="chores.ask")
def ask(what: str, countdown: float | None = None) -> None:
    """Ask for the effect as any code of a host does: without knowing who owns the rows."""
    note.apply_async((what,), countdown=countdown)


def _have_effect(task: Any, what: str) -> None:
    home, hops = get_conf().home_of("chores"), (task.request.headers or {}).get(HOPS, 0)
    Effect.objects.create(what=what, task_id=task.request.id, home=home, hops=hops)


def _wait_at_the_gate(what: str) -> None:
    """Say that this point is reached, and go on when the gate is open."""
    folder = Path(os.environ["GATE"])
    (folder / what).touch()
    while not (folder / "open").exists():
        time.sleep(0.02)
