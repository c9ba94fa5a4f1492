"""
Faults that tests ask for by the environment.

SABOTAGE=`cursor`: the inbox takes every event for the next one of its stream.
STOP_AFTER_CLAIM=1: the process stops itself (SIGSTOP) when it has claimed copies and sent none.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from django.apps import AppConfig


class FaultsConfig(AppConfig):
    name = "tests.events.faults"
    label = "event_faults"

    def ready(self) -> None:
        """Do as the environment says."""
        if os.environ.get("SABOTAGE") == "cursor":
            _take_anything()
        if os.environ.get("STOP_AFTER_CLAIM"):
            _stop_after_claim()


def _take_anything() -> None:
    from strangler.events.inbox import _Stream

    compare_and_set = _Stream._advance

    def advance(stream: Any, previous: int, sequence: int) -> bool:
        compare_and_set(stream, previous, sequence)
        return True

    _Stream._advance = advance  # type: ignore[method-assign]


def _stop_after_claim() -> None:
    from strangler.events import outbox

    claim = outbox.claim

    def claim_and_stop(capability: str, limit: int) -> Any:
        if claimed := claim(capability, limit):
            os.kill(os.getpid(), signal.SIGSTOP)
        return claimed

    outbox.claim = claim_and_stop
