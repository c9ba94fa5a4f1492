"""A process that applies, as the monolith's thread does, for databases and tables that a test names."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.db import connections

    from strangler.replication import flows
    from strangler.replication.keylog.applying import serve

    for alias in connections:
        connections[alias].close()
    entries, tables = json.loads(Path(sys.argv[1]).read_text())
    connections.settings.update(connections.configure_settings(entries))
    for alias in entries:
        del connections[alias]
    flows.tables_of = lambda capability: tables
    serve(threading.Event())
