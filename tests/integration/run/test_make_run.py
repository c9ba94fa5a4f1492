"""`make run` as a person meets it: the screen, every line on it, Ctrl-C, and the next start."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from monolith.config.run.environment import started_at
from monolith.config.run.hosts import ROOT
from monolith.config.run.platform import Platform, Wishes
from monolith.config.run.ports import free_port
from tests.integration.run.conftest import eventually, open_folder

pytestmark = pytest.mark.platform


class Launched:
    """The launcher in a process of its own, as make starts it."""

    def __init__(self, folder: Path, *, port: int | None = None, hosts: str = "") -> None:
        self.folder = folder
        self.port = port or free_port()
        self.output = folder / f"screen-{time.monotonic_ns()}"
        wishes = ["--port", str(self.port), "--products", "30", "--run-dir", str(folder), "--hosts", hosts]
        command = ["-m", "monolith.config.run", *wishes]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**os.environ, "COLUMNS": "80"}, start_new_session=True,
            )  # fmt: skip

    @property
    def screen(self) -> str:
        return self.output.read_text()

    def up(self) -> Launched:
        """Return when the screen is complete."""
        eventually(lambda: "make clean-data" in self.screen or self.process.poll() is not None, 240)
        assert self.process.poll() is None, self.screen
        return self

    def children(self) -> list[dict]:
        return json.loads((self.folder / "processes.json").read_text())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.screen


def run(line: str, timeout_s: float = 60) -> str:
    """Run a line of the screen in a shell, as pasted."""
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False,
        env={name: value for name, value in os.environ.items() if name not in {"DJANGO_SETTINGS_MODULE"}},
    )  # fmt: skip
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def commands(screen: str) -> list[str]:
    return [line for line in screen.splitlines() if re.match(r"(curl|TOKEN=|RUN_DIR=)", line)]


@pytest.fixture
def launch(folder):
    """Start launchers in one folder; whatever a failed test left is ended."""
    launched = []

    def start(**wishes):
        launched.append(Launched(folder, **wishes))
        return launched[-1]

    yield start
    for one in launched:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGINT)
            one.process.wait(60)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


def test_every_line_of_the_screen_works_and_data_outlives_ctrl_c(launch, folder):
    launched = launch().up()
    read, token, write, reserve, told, watch, leave, explain, come_back = commands(launched.screen)

    assert "strangler-home: monolith" in run(read).lower()
    created = run(f"{token}\n{write}")
    assert " 201 " in created
    replayed = run(f"{token}\n{write}")
    assert "idempotent-replayed: true" in replayed.lower()
    assert created.splitlines()[-1] == replayed.splitlines()[-1]
    held = run(f"{token}\n{reserve}")
    assert " 201 " in held
    assert held.splitlines()[-1] == run(f"{token}\n{reserve}").splitlines()[-1], "one order, one reservation"
    assert "no event stands still" in run(told)
    assert "catalog" in run(_interrupted_after(watch, 4))
    run(leave)
    assert "strangler-home: service" in run(read).lower()
    assert "service" in run(explain)
    assert "idempotent-replayed: true" in run(f"{token}\n{write}").lower(), "a key keeps its meaning in the service"
    run(come_back)
    assert "strangler-home: monolith" in run(read).lower()
    to_look_at = "\n".join(line for line in launched.screen.splitlines() if "-X POST" not in line)
    for address in set(re.findall(r"http://127\.0\.0\.1:\d+/[^\s']+", to_look_at)):
        assert requests.get(address, timeout=30).status_code < 400, address

    children = launched.children()
    launched.interrupt()
    _nothing_left(launched, children)

    again = launch().up()
    categories = requests.get(f"http://127.0.0.1:{again.port}/api/catalog/categories", timeout=30).json()["data"]
    again.interrupt()
    assert "figs" in {category["slug"] for category in categories}


def _interrupted_after(line: str, seconds: int) -> str:
    """Let *line* run until somebody has seen enough."""
    return f"timeout --preserve-status --signal=INT {seconds} env {line} || true"


def _nothing_left(launched, children):
    assert {child["name"] for child in children} - {"stock"} == {
        "postgres", "valkey", "monolith", "worker", "catalog", "catalog-worker", "shipping", "shipping-worker",
        "edge", "edge-agent", "providers", "carriers", "mails",
    }  # fmt: skip
    for child in children:
        assert started_at(child["pid"]) != child["started"], child["name"]
    running = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    assert [line for line in running if str(launched.folder) in line] == []
    assert not (launched.folder / "platform.pid").exists()
    assert not (launched.folder / "env").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", launched.port)) != 0


def test_after_a_killed_supervisor_the_next_start_cleans_up_and_keeps_the_data(launch, folder):
    killed = launch().up()
    children = killed.children()
    killed.process.kill()
    killed.process.wait()
    (folder / "seeded").unlink()  # as if it had been killed while the products were made
    again = launch(port=killed.port).up()
    assert "Ended what an earlier start had left running" in again.screen
    for child in children:
        assert started_at(child["pid"]) != child["started"], child["name"]
    again.interrupt()


def test_a_taken_port_is_told_and_nothing_is_left(launch, folder):
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()
        refused = launch(port=server.getsockname()[1])
        assert refused.process.wait(30) == 1
    assert "is taken" in refused.screen
    assert "make run PORT=" in refused.screen
    assert not (folder / "processes.json").exists()


def test_a_second_start_in_the_same_folder_is_refused_and_harms_nothing(launch, folder):
    first = launch().up()
    second = launch()
    assert second.process.wait(30) == 1
    assert f"kill -INT {first.process.pid}" in second.screen
    assert requests.get(f"http://127.0.0.1:{first.port}/readyz", timeout=30).status_code == 200
    first.interrupt()


def test_hosts_are_added_and_one_that_is_needed_comes_by_itself(launch, folder):
    """A capability that left in one run is served in the next, whoever thinks of its host."""
    launched = launch(hosts="inventory").up()
    leave = next(line for line in commands(launched.screen) if "toggle inventory service" in line)
    assert "owns inventory now" in run(leave)
    children = {child["name"] for child in launched.children()}
    launched.interrupt()
    assert {"inventory", "inventory-worker"} <= children

    again = launch().up()
    assert "The service owns the inventory since an earlier run" in again.screen
    token, reserve = (line for line in commands(again.screen) if "TOKEN=" in line or "reservations" in line)
    held = run(f"{token}\n{reserve}")
    assert " 201 " in held
    assert "strangler-home: service" in held.lower()
    run(leave.replace("service", "monolith"))
    again.interrupt()


def test_an_unknown_host_is_told(launch):
    refused = launch(hosts="inventory,nonsense")
    assert refused.process.wait(30) == 1
    known = "catalog, inventory, users, payments, shipping, orders, risk, notifications, recommendations, or all."
    assert f"There is no host nonsense. Choose from: {known}" in " ".join(refused.screen.split())


def test_hosts_get_unready_without_their_database_and_stay_alive(folder):
    wishes = Wishes(folder, None, products=30, threads=4, workers=False, restart=False)
    with Platform(wishes) as platform:
        platform.supervisor.stop("valkey")
        for url in (platform.url, platform.sites["catalog"].url):
            answer = requests.get(f"{url}/readyz", timeout=30)
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded"), answer.text
        platform.supervisor.stop("postgres")
        for url in (platform.url, platform.sites["catalog"].url):
            answer = requests.get(f"{url}/ready", timeout=60)
            assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unreachable"), answer.text
            assert requests.get(f"{url}/health", timeout=30).status_code == 200
