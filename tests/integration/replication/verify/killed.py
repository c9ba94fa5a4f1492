"""A process that compares, and is killed when it has compared some rows: python -m ... ENTRIES ROWS."""

from __future__ import annotations

import json
import os
import signal
import sys

import django


def main(entries: str, rows: str) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    from strangler.replication.verify import comparison
    from tests.integration.replication.verify.still import begin, still

    capabilities = settings.STRANGLER["CAPABILITIES"]
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"sample": capabilities["sample"]}}
    for alias in (changed := connections.configure_settings(json.loads(entries))):
        if hasattr(connections._connections, alias):
            del connections[alias]
    connections.settings.update(changed)
    comparison.SAVE_S = 0.0

    def report(pace: comparison.Pace) -> None:
        if pace.rows >= int(rows):
            os.kill(os.getpid(), signal.SIGKILL)

    comparison.compare(still(), begin(still()), report, range_rows=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
