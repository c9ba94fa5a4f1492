"""Both hosts of the catalog as live processes, on databases of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[3]
MONOLITH, SERVICE = "monolith.config.settings", "extracted.catalog.settings"
START_WITHIN_S = 60


@dataclass(frozen=True)
class Hosts:
    """The addresses, a token for writing, and the environment for commands."""

    monolith_url: str
    service_url: str
    token: str
    environment: dict[str, str]

    def manage(self, *arguments: str, settings: str = MONOLITH) -> str:
        """Run a management command and return what it printed; a failure fails the test with its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": settings},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def writer(self) -> str:
        """Return the home that writes the catalog now."""
        (capability,) = json.loads(self.manage("strangler", "status", "--json"))["capabilities"]
        return str(capability["writer"])

    def toggle(self, home: str) -> None:
        """Move the catalog to *home*, if it is not there."""
        if self.writer() != home:
            self.manage("strangler", "toggle", "catalog", home, "--yes")


@contextmanager
def running(folder: Path, databases: dict[str, str]) -> Iterator[Hosts]:
    """
    Migrate, start both hosts, and stop them at the end.

    Args:
        databases: MONOLITH_DATABASE_URL and CATALOG_DATABASE_URL, or nothing for SQLite in *folder*.
    """
    ports = _free_ports(2)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    environment = {
        **os.environ,
        **databases,
        "RUN_DIR": str(folder),
        "MONOLITH_URL": urls[0],
        "CATALOG_URL": urls[1],
        "DATABASE_POOL_SIZE": "8",
    }
    hosts = Hosts(urls[0], urls[1], _publish_key_and_sign(folder / "keys"), environment)
    for settings in (MONOLITH, SERVICE):
        hosts.manage("migrate", "--no-input", settings=settings)
    processes = []
    try:
        for settings, port in zip((MONOLITH, SERVICE), ports, strict=True):
            environ = {**environment, "DJANGO_SETTINGS_MODULE": settings}
            with (folder / f"{port}.log").open("wb") as log:
                processes.append(subprocess.Popen(_server(port), cwd=ROOT, env=environ, stdout=log, stderr=log))
        for url in urls:
            _wait_until_ready(f"{url}/readyz", folder)
        yield hosts
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(30)


def _server(port: int) -> Sequence[str]:
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "8", "--no-ws", "strangler.hosting.wsgi:application",
    ]  # fmt: skip


def _wait_until_ready(url: str, folder: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    logs = "\n".join(f"{log}:\n{log.read_text()[-3000:]}" for log in folder.glob("*.log"))
    raise AssertionError(f"{url} was not ready within {START_WITHIN_S} s\n{logs}")


def _publish_key_and_sign(folder: Path) -> str:
    """Make the platform's key pair, publish the public half, and sign a token that may write."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), "kid": "contracts", "alg": "ES256"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [public]}))
    now = int(time.time())
    claims = {
        "iss": "http://strangler.local", "aud": "strangler-platform", "sub": "staff:contracts",
        "scope": "catalog:read catalog:write", "staff": True, "iat": now, "exp": now + 24 * 3600,
    }  # fmt: skip
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "contracts"})


def _free_ports(number: int) -> list[int]:
    """Below 32768: higher ones collide with outgoing connections."""
    found: list[int] = []
    for port in range(21000 + os.getpid() % 5000, 32000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                found.append(port)
        if len(found) == number:
            return found
    raise AssertionError("no free port")
