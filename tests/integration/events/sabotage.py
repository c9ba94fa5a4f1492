"""
Takes guards of tasks out, to prove that the tests find what they prevent: SABOTAGE names them, comma separated.

`once`: every run is taken for the first one.
`backoff`: what is handed over goes on at once.
`ignore`: what is handed over is taken for done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from typing import Any

from django.apps import AppConfig


class SabotageConfig(AppConfig):
    """Installed by the hosts of these tests alone."""

    name = "tests.integration.events"
    label = "sabotage"

    def ready(self) -> None:
        """Take out what the environment names."""
        for guard in filter(None, os.environ.get("SABOTAGE", "").split(",")):
            {"once": _without_once, "backoff": _without_backoff, "ignore": _without_ignoring}[guard]()


def _without_once() -> None:
    module: Any = import_module("strangler.events.once")  # the package has a function of that name
    module.first_time = lambda *_: True


def _without_backoff() -> None:
    from strangler.events import tasks

    tasks._pause_s = lambda _: 0.0


def _without_ignoring() -> None:
    from celery.exceptions import Ignore

    from strangler.events import tasks

    hand_over = tasks._hand_over

    def hand_over_and_return(*arguments: Any, **options: Any) -> None:
        with suppress(Ignore):
            hand_over(*arguments, **options)

    tasks._hand_over = hand_over_and_return  # type: ignore[assignment]
