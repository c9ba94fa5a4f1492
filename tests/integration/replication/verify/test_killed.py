"""A comparison that is killed goes on where it was, and its counts are those of one that was not."""

import json
import os
import signal
import subprocess
import sys

from django.db import connections

from strangler.replication.verify import tallies, verifications
from tests.integration.replication.verify.conftest import BOOKS
from tests.integration.replication.verify.still import begin, compared, counts, still

ENTRY = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")


def kill_after(rows):
    """Let a process of its own compare, until it has compared some rows."""
    entries = {
        alias: {name: str(value) for name in ENTRY if (value := connections[alias].settings_dict.get(name))}
        for alias in ("default", "sample_service")
    }
    module = "tests.integration.replication.verify.killed"
    return subprocess.run(
        [sys.executable, "-m", module, json.dumps(entries), str(rows)],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        timeout=60,
        check=False,
    ).returncode


def test_a_killed_comparison_goes_on_and_counts_each_row_once(copy):
    copy.do("UPDATE sample_book SET copies = -1 WHERE id IN (2, 150)", "DELETE FROM sample_book WHERE id IN (60, 199)")
    for rows in (40, 100, 170):
        assert kill_after(rows) == -signal.SIGKILL
        (row,) = verifications()
        assert 0 < sum(tally.rows for tally in tallies(row).values()) <= rows + 10
    copy.do("UPDATE sample_book SET copies = -1 WHERE id = 3")  # where it has been already
    assert begin(still()).rows > 100
    row = compared(still(), range_rows=10)
    assert counts(row) == {
        "sample_shelf": (3, 0, 0, 0),
        "sample_tag": (2, 0, 0, 0),
        "sample_book": (BOOKS, 2, 0, 2),
        "sample_book_tags": (10, 0, 0, 0),
    }
    assert tallies(row)["sample_book"].keys["different"] == [["2"], ["150"]]
