"""`manage.py runserver` is all it takes; beside a service host, a toggle moves the catalog between SQLite files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from monolith.config.run.ports import free_port
from tests.integration.run.conftest import eventually

pytestmark = pytest.mark.platform
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def hosts(tmp_path):
    """Addresses of a monolith and a service, each under Django's development server on a new SQLite file."""
    ports = {"monolith": free_port()}
    ports["catalog"] = free_port(avoid=ports.values())
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    internal = {name: f"http://127.0.0.1:{free_port(avoid=ports.values())}" for name in ports}
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "RUN_DIR": str(tmp_path), "MONOLITH_URL": urls["monolith"], "CATALOG_URL": urls["catalog"],
        **{f"{name.upper()}_INTERNAL_URL": url for name, url in internal.items()},
    }  # fmt: skip
    processes = []
    for name, settings in (("monolith", "monolith.config.settings"), ("catalog", "extracted.catalog.settings")):
        command = ["manage.py", "runserver", str(ports[name]), "--noreload", f"--settings={settings}"]
        with (tmp_path / f"{name}.log").open("wb") as log:
            processes.append(
                subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log)
            )
        eventually(lambda name=name: ready(urls[name]))

    def manage(*arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    yield urls, internal, manage
    for process in processes:
        process.terminate()
        process.wait(20)


def ready(url):
    try:
        return requests.get(f"{url}/readyz", timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


def test_the_catalog_leaves_and_returns_without_any_server(hosts):
    urls, _, manage = hosts
    manage("seed_catalog", "--products", "20")
    headers = {"Authorization": f"Bearer {manage('staff_token')}", "Idempotency-Key": "once"}

    def write():
        body = {"slug": "figs", "name": "Figs"}
        return requests.post(f"{urls['monolith']}/api/catalog/categories", json=body, headers=headers, timeout=30)

    first = write()
    assert (first.status_code, first.headers["Strangler-Home"]) == (201, "monolith"), first.text
    for home in ("service", "monolith"):
        manage("strangler", "toggle", "catalog", home, "--yes")
        again = write()
        assert again.headers["Strangler-Home"] == home
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true"), again.text
        assert again.content == first.content


def test_calls_of_other_hosts_are_taken_at_a_port_of_their_own(hosts):
    """R21, under Django's development server as well."""
    urls, internal, _ = hosts
    path = "/calls/catalog/variants"
    for name in urls:
        assert requests.post(urls[name] + path, data=b"{}", timeout=10).status_code == 404
        assert requests.post(internal[name] + path, data=b"{}", timeout=10).status_code == 401


@pytest.mark.parametrize("reloading", [[], ["--noreload"]])
def test_a_taken_internal_port_ends_the_start(reloading, tmp_path):
    usual = {"DJANGO_SETTINGS_MODULE": "monolith.config.settings", "RUN_DIR": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "manage.py", "runserver", str(free_port()), *reloading], cwd=ROOT, check=False,
            env={**os.environ, **usual, "INTERNAL_BIND": address}, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"Error: INTERNAL_BIND: {address} cannot be used: Address already in use." in done.stderr
    assert "Traceback" not in done.stderr
