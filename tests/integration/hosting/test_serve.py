"""A host's server ends in order: not ready first, then deaf, and what it had begun is finished."""

from __future__ import annotations

import os
import signal
import socket
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

    def start(*arguments, **environment):
        port = free_port()
        command = ["-m", "strangler.hosting.serve", "--port", str(port), "--threads", "8", *arguments]
        usual = {"RUN_DIR": str(run_dir), "DJANGO_SETTINGS_MODULE": SETTINGS, "INTERNAL_BIND": internal_address()}
        with (run_dir / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env={**os.environ, **usual, **environment},
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


def internal_address():
    return f"127.0.0.1:{free_port()}"


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


def raw(address, path):
    """Return the status of a call sent byte by byte, or None when nobody listens."""
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            fields = f"Host: {host}\r\nContent-Length: 2\r\nConnection: close\r\n"
            connection.sendall(f"POST {path} HTTP/1.1\r\n{fields}\r\n{{}}".encode())
            return int(connection.makefile("rb").readline().split()[1])
    except (ConnectionRefusedError, ConnectionResetError):
        return None


def test_calls_are_taken_at_the_internal_port_and_nowhere_else(serve):
    """R21: the public address does not know the paths, and the internal one knows nothing else."""
    internal = internal_address()
    _, url = serve(INTERNAL_BIND=internal)
    assert raw(internal, "/calls/catalog/variants") == 401, "the endpoint asks for a token"
    assert raw(internal, "/livez") == 404
    for path in ("/calls/catalog/variants", "//calls/catalog/variants", "/%63alls/catalog/variants"):
        assert raw(url, path) == 404, path


def test_every_worker_takes_calls(serve):
    internal = internal_address()
    process, _ = serve("--workers", "2", INTERNAL_BIND=internal)
    assert {raw(internal, "/calls/catalog/variants") for _ in range(20)} == {401}
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert raw(internal, "/calls/catalog/variants") is None


def test_calls_are_refused_as_soon_as_the_host_ends(serve):
    """While it still finishes what was begun in public."""
    internal = internal_address()
    process, url = serve(INTERNAL_BIND=internal)
    in_progress = Asking(f"{url}/slow?s=3")
    eventually(lambda: "/slow" in requests.get(f"{url}/progress", timeout=10).text)
    process.send_signal(signal.SIGTERM)
    eventually(lambda: raw(internal, "/calls/catalog/variants") is None, 2)
    assert in_progress.is_alive()
    in_progress.join()
    assert in_progress.status == 200
    assert process.wait(20) == 0


def test_a_taken_internal_port_ends_the_start(run_dir):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "strangler.hosting.serve", "--port", str(free_port())], cwd=ROOT, check=False,
            capture_output=True, text=True, timeout=60,
            env={**os.environ, "RUN_DIR": str(run_dir), "DJANGO_SETTINGS_MODULE": SETTINGS, "INTERNAL_BIND": address},
        )  # fmt: skip
    assert done.returncode == 1
    assert f"INTERNAL_BIND: {address} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
