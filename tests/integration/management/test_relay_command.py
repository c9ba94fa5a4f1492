"""`manage.py strangler relay`: the relay as a process of its own, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.platform import ROOT
from tests.support.processes import Process, eventually


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_relay_is_a_process_that_ends_when_it_is_told(tmp_path, number):
    """What is written while it runs is handed on; what has begun is finished."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.events.hosts.monolith",
        "RUN_DIR": str(tmp_path),
        "LOG_FORMAT": "console",
    }

    def manage(*words):
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    manage("migrate", "--verbosity", "0")
    relay = Process.start(
        "relay",
        [sys.executable, "manage.py", "strangler", "relay"],
        tmp_path / "relay.log",
        environment=environment,
        folder=ROOT,
    )
    try:
        eventually(lambda: "the relay of monolith runs for press, reader" in relay.tail(), what="it says so")
        manage(
            "shell",
            "-c",
            "from django.db import transaction as t; from strangler.events import publish\n"
            "from tests.events.press.contract import NoteWritten\n"
            "with t.atomic():\n    publish(NoteWritten(aggregate='a', n=1))",
        )
        eventually(lambda: "events handed on or handled in" in relay.tail(), what="it has handed on")
        relay.popen.send_signal(number)
        assert relay.popen.wait(20) == 0, relay.tail()
    finally:
        relay.kill()
    assert "the relay of monolith ends; 1 done" in relay.log.read_text()
