"""A host's server ends in order: not ready first, then deaf, and what it had begun is finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from monolith.config.run.ports import free_port
from tests.integration.run.conftest import eventually

pytestmark = pytest.mark.platform
ROOT = Path(__file__).resolve().parents[3]
SETTINGS = "tests.integration.hosting.settings"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    for settings in ("monolith.config.settings", SETTINGS):
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True,
            env={**os.environ, "RUN_DIR": str(folder), "DJANGO_SETTINGS_MODULE": settings},
        )  # fmt: skip
    return folder


@pytest.fixture
def serve(run_dir):
    """Start servers; those that a failed test left are killed."""
    processes = []

    def start(**environment):
        port = free_port()
        with (run_dir / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "strangler.hosting.serve", "--port", str(port), "--threads", "8"], cwd=ROOT,
                env={**os.environ, "RUN_DIR": str(run_dir), "DJANGO_SETTINGS_MODULE": SETTINGS, **environment},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: status_of(f"{url}/readyz") == 200)
        return process, url

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def status_of(url):
    try:
        return requests.get(url, timeout=10).status_code
    except requests.ConnectionError:
        return None


class Asking(threading.Thread):
    """A request in progress."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        self.status = None
        self.start()

    def run(self):
        self.status = status_of(self.url)


def test_a_host_says_it_is_going_before_it_goes_and_finishes_what_it_has_begun(serve):
    process, url = serve(DRAIN_S="1.5")
    in_progress = Asking(f"{url}/slow?s=4")
    eventually(lambda: "/slow" in requests.get(f"{url}/progress", timeout=10).text)
    process.send_signal(signal.SIGTERM)
    eventually(lambda: status_of(f"{url}/readyz") == 503, 1.2)
    assert status_of(f"{url}/livez") == 200
    assert status_of(f"{url}/slow?s=0") == 200, "while balancers have not noticed, requests are still served"
    eventually(lambda: status_of(f"{url}/livez") is None)
    assert in_progress.is_alive(), "the request in progress outlives the listening"
    in_progress.join(20)
    assert in_progress.status == 200
    assert process.wait(20) == 0


def test_a_second_signal_ends_at_once(serve):
    process, url = serve(DRAIN_S="60")
    process.send_signal(signal.SIGTERM)
    eventually(lambda: status_of(f"{url}/readyz") == 503)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_the_processes_environment_is_no_header(serve):
    """granian shows the environment to WSGI, where HTTP_PROXY is a header of every request (CVE-2016-5385)."""
    _, url = serve(HTTP_PROXY="http://evil.example", HTTP_STRANGLER_HOP="forged")
    seen = requests.get(f"{url}/headers", timeout=10, proxies={"http": None}).json()
    assert "Proxy" not in seen
    assert "Strangler-Hop" not in seen


def test_requests_wait_side_by_side(serve):
    """Writes may wait during a switch: each has its thread, and the others go on."""
    _, url = serve()
    waiting = [Asking(f"{url}/slow?s=2") for _ in range(6)]
    assert status_of(f"{url}/slow?s=0") == 200
    assert all(one.is_alive() for one in waiting)
    for one in waiting:
        one.join()
        assert one.status == 200
