"""Runs the actors of a load from start to stop."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from .actors import Reader, Stage, Writer
from .plan import Load
from .raw_actors import Probe, RawWriter


def run(load: Load) -> dict[str, Any]:
    """
    Run *load* until its horizon, SIGTERM or the end of standard input, and return the report.

    Prints `steady` when every writer has written.
    """
    stage = Stage.of(load)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stage.stopping.set())
    writers: list[Writer | RawWriter] = [Writer(stage, number) for number in range(load.writers)]
    writers += [RawWriter(stage, number) for number in range(load.raw_writers)]
    actors: list[threading.Thread] = [*writers, *(Reader(stage, number) for number in range(load.readers))]
    actors += [Probe(stage, home) for home in load.homes if load.probes_per_s]
    for actor in actors:
        actor.start()
    threading.Thread(target=_announce, args=(writers,), daemon=True).start()
    threading.Thread(target=_outlive_nobody, args=(stage,), daemon=True).start()
    for actor in actors:
        actor.join()
    stage.ledger.close()
    return {"run": load.run, "seed": load.seed, **stage.figures.report()}


def _outlive_nobody(stage: Stage) -> None:
    """Whoever started this process holds the other end of its standard input, and may be killed."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    stage.stopping.set()


def _announce(writers: Sequence[Writer | RawWriter]) -> None:
    for writer in writers:
        writer.steady.wait()
    sys.stdout.write(json.dumps({"event": "steady"}) + "\n")
    sys.stdout.flush()
