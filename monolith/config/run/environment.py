"""The file by which a command in another shell finds the running platform."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

ENV_FILE = "env"
PID_FILE = "platform.pid"


def load_environment(run_dir: Path, environ: MutableMapping[str, str] | None = None) -> bool:
    """
    Add the running platform's variables to the environment; those already set win.

    Returns:
        False, and nothing was added, when no platform runs from *run_dir*.
    """
    environ = os.environ if environ is None else environ
    if running_pid(run_dir) is None:
        return False
    for line in (run_dir / ENV_FILE).read_text().splitlines():
        name, _, value = line.partition("=")
        environ.setdefault(name, value)
    return True


def write_environment(run_dir: Path, values: Mapping[str, str]) -> None:
    """Publish *values*; readable by this user alone, for secrets are among them."""
    file = run_dir / ENV_FILE
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def running_pid(run_dir: Path) -> int | None:
    """
    Return the process id of the platform that runs from *run_dir*, or None.

    The file also says when that process started, so that a recycled process id is not taken for the platform.
    """
    try:
        pid, started = (run_dir / PID_FILE).read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if started_at(int(pid)) == started else None


def started_at(pid: int) -> str | None:
    """Return a mark of when the process *pid* started, or None when there is no such process."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
