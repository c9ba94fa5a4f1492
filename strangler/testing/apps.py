"""
Injected faults, as an app that a test's settings module installs.

With `STRANGLER_PAUSE_AFTER = n` in the settings, a mover stops itself (SIGSTOP) once its n-th journal entry has been
committed. The test then kills it, or wakes it up after somebody else has finished or undone its work.
"""

from __future__ import annotations

import os
import signal

from django.apps import AppConfig
from django.conf import settings


class TestingConfig(AppConfig):
    name = "strangler.testing"
    label = "strangler_testing"

    def ready(self) -> None:
        from strangler.cutover import entry_written  # needs the models

        self.left: int = getattr(settings, "STRANGLER_PAUSE_AFTER", 0)
        entry_written.connect(self._count, dispatch_uid="strangler.testing")

    def _count(self, **_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
