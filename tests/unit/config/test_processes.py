"""The supervisor ends all it started and nothing else, and a killed one leaves nothing that the next cannot clear."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from monolith.config.run.processes import NotReady, Program, Supervisor

# A leader with a child that ignores SIGTERM: what a group is for.
PARENT = """
import signal, subprocess, sys, time
code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", code])
print(child.pid, flush=True)
time.sleep(600)
"""
SLEEP = "import time; time.sleep(600)"


def program(name, code, ready=lambda: True, **more):
    return Program(name=name, title=name.title(), argv=(sys.executable, "-c", code), ready=ready, **more)


def eventually(truth, within_s=20.0):
    deadline = time.monotonic() + within_s
    while not (found := truth()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    made = Supervisor(tmp_path, say=said.append)
    yield made
    made.stop_all()


def child_of(running):
    return int(eventually(lambda: running.log.read_text().strip()).split()[0])


def test_stopping_ends_the_whole_group(supervisor):
    running = supervisor.start(program("parent", PARENT))
    child = child_of(running)
    supervisor.stop_all()
    assert not alive(running.pid)
    assert not alive(child)


def test_memory_counts_descendants_in_sessions_of_their_own(supervisor):
    """PostgreSQL's processes each lead a session, so a group does not hold them."""
    hog = "x = bytearray(60_000_000); print('up', flush=True); import time; time.sleep(600)"
    code = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {hog!r}], start_new_session=True)\n"
        "time.sleep(600)"
    )
    running = supervisor.start(program("parent", code))
    eventually(running.log.read_text)
    assert running.memory_bytes() > 60_000_000
    for child in psutil.Process(running.pid).children():
        child.kill()


def test_stopping_touches_nobody_else(supervisor):
    bystander = subprocess.Popen([sys.executable, "-c", SLEEP])
    supervisor.start(program("one", SLEEP))
    supervisor.stop_all()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_what_others_need_ends_after_them(supervisor, tmp_path):
    code = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep({pause}); pathlib.Path(r'{file}').open('a').write('{name} '); sys.exit()\n"
        "signal.signal(15, end); print('up', flush=True); time.sleep(600)"
    )
    file = tmp_path / "order"
    for name, pause, needed in (("server", 0, True), ("host", 0.3, False)):
        supervisor.start(program(name, code.format(pause=pause, file=file, name=name), needed=needed))
    for running in supervisor.programs.values():
        eventually(running.log.read_text)
    supervisor.stop_all()
    assert file.read_text() == "host server "


def test_one_that_ends_by_itself_is_started_again_and_said(supervisor, said):
    running = supervisor.start(program("one", SLEEP))
    before = running.pid
    os.kill(before, signal.SIGKILL)

    def looked_after():
        supervisor.look_after()
        return running.restarts

    eventually(looked_after)
    assert running.pid != before
    assert alive(running.pid)
    assert "SIGKILL" in said[0]


def test_one_that_ends_by_itself_stays_down_when_so_wished(tmp_path, said):
    supervisor = Supervisor(tmp_path, say=said.append, restart=False)
    running = supervisor.start(program("one", "raise SystemExit(3)"))
    running.process.wait()
    for _ in range(3):
        supervisor.look_after()
    assert running.restarts == 0
    assert len(said) == 1
    assert "exit code 3" in said[0]
    supervisor.stop_all()


def test_one_that_never_gets_ready_shows_the_end_of_its_log(supervisor):
    supervisor.start(program("one", "print('no such database'); raise SystemExit(1)", ready=lambda: False))
    with pytest.raises(NotReady, match=r"(?s)One ended \(exit code 1\).*no such database"):
        supervisor.wait_ready("one")


def test_waiting_ends_in_time(supervisor):
    supervisor.start(program("one", SLEEP, ready=lambda: False))
    with pytest.raises(NotReady, match="in time"):
        supervisor.wait_ready("one", within_s=0.2)


def test_the_next_start_clears_what_a_killed_supervisor_left(supervisor, tmp_path):
    running = supervisor.start(program("parent", PARENT))
    child = child_of(running)
    next_one = Supervisor(tmp_path, say=print)
    assert next_one.clear_leftovers() == ["parent"]
    running.process.wait()
    assert not alive(running.pid)
    assert not alive(child)


def test_the_next_start_clears_the_orphans_of_a_dead_leader(supervisor, tmp_path):
    running = supervisor.start(program("parent", PARENT))
    child = child_of(running)
    running.process.kill()
    running.process.wait()
    Supervisor(tmp_path, say=print).clear_leftovers()
    assert not alive(child)


def test_a_recycled_process_id_is_left_alone(tmp_path):
    bystander = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    record = {"name": "old", "pid": bystander.pid, "started": f"{time.time() + 5:.2f}", "stop_signal": 15}
    (tmp_path / "processes.json").write_text(json.dumps([record]))
    assert Supervisor(tmp_path, say=print).clear_leftovers() == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_task_ends_by_itself_and_is_not_started_again(supervisor, said):
    done = []
    supervisor.start(program("task", "pass", done=lambda: done.append("task")))
    eventually(lambda: supervisor.look_after() or done)
    assert "task" not in supervisor.programs
    assert said == []


def test_a_task_that_fails_is_told_and_not_done(supervisor, said):
    done = []
    supervisor.start(program("task", "raise SystemExit(3)", done=lambda: done.append("task")))
    eventually(lambda: supervisor.look_after() or said)
    assert "Task failed (exit code 3)" in said[0]
    assert done == []
    assert supervisor.programs == {}
