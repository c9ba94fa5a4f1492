"""A container engine of our own: dockerd with folders of its own, a base image without a registry, and our images."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.integration.images import supplies
from tests.integration.images.stack import COMMAND_S, ENVOYS, ROOT, SCRIPTS
from tests.support.processes import Process, eventually

BASE = "django-strangler/base:test"
BUILD_S = 900
CONFINED = ("--read-only", "--cap-drop=ALL", "--tmpfs=/tmp", "--tmpfs=/run/strangler:uid=10001,gid=10001,mode=0700")


@dataclass(slots=True)
class Containers:
    """
    Our images in our engine; containers share the host's network.

    Attributes:
        envoys: the folder of this machine in which edges have Envoy's files.
    """

    socket: str
    envoys: Path
    count: int = 0

    @property
    def _client(self) -> tuple[str, ...]:
        return client(), "--host", self.socket

    def docker(self, *words: str, timeout_s: float = COMMAND_S) -> str:
        """Run a command of docker and return what it printed."""
        command = [*self._client, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
        assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def log(self, name: str) -> str:
        """Return the end of what a container has said, for a failing test's message."""
        command = [*self._client, "logs", "--tail", "30", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return f"--- {name}\n{done.stdout}"

    def command(self, image: str, environment: Mapping[str, str], *words: str) -> str:
        return self.docker("run", "--rm", *self._run(image, environment, words))

    def start(self, image: str, environment: Mapping[str, str], *words: str) -> Callable[[], None]:
        self.count += 1
        name = f"{image}-{self.count}"
        self.docker("run", "--detach", "--name", name, *self._run(image, environment, words))
        return partial(self._end, name)

    def _run(self, image: str, environment: Mapping[str, str], words: tuple[str, ...]) -> list[str]:
        """As in a cluster: a read-only root, no capabilities, two folders to write to."""
        confined = ["--network=host", "--memory=768m", "--security-opt=no-new-privileges", *CONFINED]
        told = [f"--env={name}={value}" for name, value in environment.items()]
        files = [f"--volume={self.envoys}:{ENVOYS}"] if image == "edge" else []
        entry = [f"--entrypoint={words[0]}"] if words[0] in SCRIPTS else []
        return [*confined, *told, *files, *entry, tag(image), *words[len(entry) :]]

    def _end(self, name: str) -> None:
        """SIGTERM first; whoever has to be killed fails."""
        self.docker("stop", "--time", "45", name)
        code = self.docker("inspect", "--format", "{{.State.ExitCode}}", name).strip()
        assert code in {"0", "143"}, f"{name} ended with {code}: {self.log(name)}"


def client() -> str:
    """Return docker's own program; that of Debian's package has BuildKit in itself."""
    return "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"


def tag(image: str) -> str:
    """Return what an image is called here."""
    return f"django-strangler/{image}:test"


class NoEngine(Exception):
    """No engine runs here; the message says why."""


@contextmanager
def running_engine(folder: Path) -> Iterator[Containers]:
    """
    Run dockerd with everything of its own below *folder* until the block ends.

    Raises:
        NoEngine: it does not start.
    """
    if reason := supplies.why_not():
        raise NoEngine(reason)
    socket = f"unix://{folder}/socket"
    own = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={socket}"]
    command = ["dockerd", *own, "--bridge=none", "--iptables=false", "--ip6tables=false"]
    dockerd = Process.start("dockerd", command, folder / "log", environment=os.environ)
    envoys = folder / "envoy"
    envoys.mkdir()
    os.chown(envoys, 10001, 10001)
    engine = Containers(socket, envoys)
    try:
        eventually(lambda: _answers(engine) or not dockerd.alive(), what="dockerd answers", timeout_s=60, every_s=0.1)
        if not dockerd.alive():
            raise NoEngine(f"dockerd does not start: {dockerd.tail(1)}")
        yield engine
    finally:
        if dockerd.alive() and (running := engine.docker("ps", "--quiet").split()):
            engine.docker("kill", *running)
        dockerd.stop(timeout_s=60)
        left = folder / "exec/netns/default"  # the host's network, which dockerd mounts for containers that share it
        subprocess.run(["umount", str(left)], check=False, capture_output=True)
        # A hundred thousand files: nobody waits for their removal.
        subprocess.run(["sh", "-c", 'nice rm -rf "$0" >/dev/null 2>&1 &', str(folder / "data")], check=True)


def _answers(engine: Containers) -> bool:
    try:
        return bool(engine.docker("version", timeout_s=10))
    except (AssertionError, subprocess.TimeoutExpired):
        return False


def take_base(engine: Containers) -> None:
    """Import the base, which no registry is asked for."""
    engine.docker("import", str(supplies.base()), BASE, timeout_s=BUILD_S)


@contextmanager
def served_wheels(folder: Path) -> Iterator[Path]:
    """Serve the wheels of the locks; yields a pip.conf that finds them."""
    handler = partial(_Quiet, directory=str(supplies.wheels()))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    conf = folder / "pip.conf"
    conf.write_text(f"[global]\nno-index = true\nfind-links = http://127.0.0.1:{server.server_port}/\n")
    try:
        yield conf
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def build(engine: Containers, image: str, pip_conf: Path) -> None:
    """Build an image as everybody does, by `make images`, on the local base."""
    arguments = f"--network=host --secret=id=pip,src={pip_conf} --build-arg=BASE={BASE}"
    words = [f"NAMES={image}", "VERSION=test", "REVISION=test", f"BUILD_ARGS={arguments}"]
    done = subprocess.run(
        ["make", "--no-print-directory", "images", f"ENGINE={client()}", *words],
        cwd=ROOT, env={**os.environ, "DOCKER_HOST": engine.socket}, capture_output=True, text=True, check=False,
        timeout=BUILD_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{image}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
