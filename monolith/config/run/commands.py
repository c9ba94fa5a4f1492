"""Runs management commands of the start, side by side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from monolith.config.run.hosts import ROOT


class CommandFailed(Exception):
    """A command of the start failed; the message is what it said."""


def run_commands(environment_of: Callable[[str], dict[str, str]], *commands: tuple[str, ...]) -> list[str]:
    """
    Run commands side by side, each `(host, *arguments)`, and return what they printed.

    Raises:
        CommandFailed: the exit code of one was not 0.
    """
    processes = [
        subprocess.Popen(  # noqa: S603  our own commands
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment_of(host),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for host, *arguments in commands
    ]
    outputs = [process.communicate()[0] for process in processes]
    for (_, *arguments), process, output in zip(commands, processes, outputs, strict=True):
        if process.returncode:
            raise CommandFailed(f"`manage.py {' '.join(arguments)}` failed:\n{output.strip()}")
    return outputs
