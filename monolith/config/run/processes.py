"""
Starts programs, keeps them running, and ends them in order: what honcho does, and what it does not (ADR 0009).

Every program gets a session of its own, so that a signal from the terminal reaches the supervisor alone and ending a
program ends whatever it started. Who was started is written down with the time it began: when the supervisor is
killed, the next start finds its children by that, and never mistakes a recycled process id for one of them.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from monolith.config.run.environment import started_at

READY_S = 60.0
STOP_S = 20.0
_POLL_S = 0.05
_RESTART_PAUSE_S = 0.5
_LOG_BYTES_MAX = 20 << 20


class NotReady(Exception):
    """A program ended or did not get ready in time; the message shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """
    How one program is run.

    Attributes:
        title: what a person calls it.
        address: where it listens; empty when it does not.
        does: what it does, for a person, where an address does not say it.
        ready: asked until it is true.
        environment: the whole of it; None continues ours.
        stop_signal: asks for an orderly end.
        needed: by the others, so it ends after them.
        done: called when it has ended well; it is a task, which ends by itself and is not started again.
    """

    name: str
    title: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    address: str = ""
    does: str = ""
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    needed: bool = False
    done: Callable[[], None] | None = None


@dataclass(slots=True)
class Running:
    """A program and the process that runs it now."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path
    restarts: int = 0
    stopping: bool = False
    ended_at: float | None = None

    @property
    def pid(self) -> int:
        """Of the process that was started last; it leads the group of everything that the program starts."""
        return self.process.pid

    def memory_bytes(self) -> int:
        """Return the proportional share of memory of the process and all its descendants."""
        try:
            process = psutil.Process(self.pid)
            return sum(_memory(one) for one in (process, *process.children(recursive=True)))
        except psutil.NoSuchProcess:
            return 0


@dataclass(slots=True)
class Supervisor:
    """
    Runs programs until told to stop.

    Args:
        folder: for the logs and for the list of who runs.
        say: told about every program that ended by itself.
        restart: start a program again that ended by itself.
    """

    folder: Path
    say: Callable[[str], None] = print
    restart: bool = True
    programs: dict[str, Running] = field(default_factory=dict)

    @property
    def _list(self) -> Path:
        return self.folder / "processes.json"

    def start(self, program: Program) -> Running:
        """Start *program* without waiting for it."""
        log = self.folder / "logs" / f"{program.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        running = Running(program, _popen(program, log), log)
        self.programs[program.name] = running
        self._write_list()
        return running

    def wait_ready(self, *names: str, within_s: float = READY_S) -> None:
        """
        Return when all of *names* are ready.

        Raises:
            NotReady: one is not.
        """
        deadline = time.monotonic() + within_s
        waiting = list(names)
        while waiting := [name for name in waiting if not self.programs[name].program.ready()]:
            for name in waiting:
                running = self.programs[name]
                if running.process.poll() is not None or time.monotonic() > deadline:
                    raise NotReady(_why(running))
            time.sleep(_POLL_S)

    def look_after(self) -> None:
        """Notice programs that ended by themselves, and start them again after a pause."""
        for running in list(self.programs.values()):
            code = running.process.poll()
            if code is None:
                continue
            if running.program.done:
                self._finish(running, code)
            elif running.ended_at is None:
                running.ended_at = time.monotonic()
                again = ", starting it again" if self.restart else ""
                self.say(f"{running.program.title} ended by itself ({_how(code)}){again}. See {running.log}")
            elif self.restart and time.monotonic() - running.ended_at > _RESTART_PAUSE_S:
                self.start_again(running.program.name)

    def _finish(self, running: Running, code: int) -> None:
        assert running.program.done
        del self.programs[running.program.name]
        self._write_list()
        if code == 0:
            running.program.done()
        else:
            self.say(f"{running.program.title} failed ({_how(code)}); the next start tries again. See {running.log}")

    def start_again(self, name: str) -> None:
        """Start the program *name* anew; what is left of its old group is killed first, for it may hold the port."""
        running = self.programs[name]
        _kill_group(running.pid)
        running.process.wait()
        running.process = _popen(running.program, running.log)
        running.restarts += 1
        running.ended_at = None
        self._write_list()

    def stop(self, name: str, within_s: float = STOP_S) -> None:
        """End the program *name* in an orderly way, by force when it takes too long."""
        self._ask_to_stop(name)
        running = self.programs.pop(name, None)
        if running is not None:
            try:
                running.process.wait(within_s)
            except subprocess.TimeoutExpired:
                self.say(f"{running.program.title} did not end within {within_s:.0f} s and was killed.")
            _kill_group(running.pid)
            running.process.wait()
            self._write_list()

    def _ask_to_stop(self, name: str) -> None:
        """Ask once: a second signal means haste to some servers."""
        running = self.programs.get(name)
        if running is not None and not running.stopping:
            running.stopping = True
            if running.process.poll() is None:
                running.process.send_signal(running.program.stop_signal)

    def stop_all(self) -> None:
        """End all programs: those that nobody needs first and together, then what they needed."""
        for needed in (False, True):
            ending = [name for name, running in self.programs.items() if running.program.needed is needed]
            for name in ending:
                self._ask_to_stop(name)
            for name in ending:
                self.stop(name)
        self._list.unlink(missing_ok=True)

    def clear_leftovers(self) -> list[str]:
        """End what an earlier supervisor, killed before it could, left running; return its names."""
        try:
            records = json.loads(self._list.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        left = [record for record in records if _is_left(record)]
        for record in left:
            os.kill(record["pid"], signal.Signals(record["stop_signal"]))
        deadline = time.monotonic() + STOP_S
        while any(_is_left(record) for record in left) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        for record in records:
            _kill_group(record["pid"], began_by=record["started"])
        self._list.unlink(missing_ok=True)
        return [record["name"] for record in left]

    def _write_list(self) -> None:
        records = [
            {"name": name, "pid": r.pid, "started": started_at(r.pid), "stop_signal": int(r.program.stop_signal)}
            for name, r in self.programs.items()
        ]
        draft = self._list.with_suffix(".new")
        draft.write_text(json.dumps(records, indent=1))
        draft.replace(self._list)


def _popen(program: Program, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  our own programs
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if program.environment is None else dict(program.environment),
            cwd=program.directory,
            start_new_session=True,
            user=program.user,
            group=pwd.getpwnam(program.user).pw_gid if program.user else None,
            extra_groups=[] if program.user else None,
        )


def _group(leader: int) -> Sequence[psutil.Process]:
    """The members of a group, the leader's own orphans included."""
    members = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except (psutil.Error, ProcessLookupError):
            continue
    return members


def _kill_group(leader: int, *, began_by: str | None = None) -> None:
    """
    Kill what is left of a group.

    Args:
        began_by: when the leader began, if that was not in this process's life: a group whose members are older than
            that is somebody else's.
    """
    members = _group(leader)
    if began_by is not None and any(process.create_time() < float(began_by) - 1 for process in members):
        return
    for process in members:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(members, timeout=5)


def _is_left(record: Mapping[str, str | int]) -> bool:
    return record["started"] is not None and started_at(int(record["pid"])) == record["started"]


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.Error:
        return 0


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _why(running: Running) -> str:
    code = running.process.poll()
    ended = f"ended ({_how(code)})" if code is not None else "did not get ready in time"
    tail = running.log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f"{running.program.title} {ended}. The end of {running.log}:", *(f"  {line}" for line in tail)])
