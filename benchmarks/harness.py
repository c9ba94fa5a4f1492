"""Start servers, load them with wrk, and tell what a run cost."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.postgres import running_postgres

ROOT = Path(__file__).parents[1]
INSTALL = "apt-get update && apt-get install -y nginx-light haproxy wrk"


def need(*programs: str) -> None:
    """Leave with a hint unless every program is installed."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        sys.exit(f"{', '.join(missing)} not found. On Debian: {INSTALL}")


def free_port(taken: list[int] = []) -> int:  # noqa: B006 remembers what it gave out
    """Return a port below the range from which the kernel takes outgoing ones."""
    for port in range(18_000, 32_000):
        if port in taken:
            continue
        with closing(socket.socket()) as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            taken.append(port)
            return port
    sys.exit("no free port")


@contextmanager
def running(command: Sequence[str], port: int, **environment: str) -> Iterator[psutil.Process]:
    """Run a server until the block ends."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port))):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@contextmanager
def workplace(*names: str) -> Iterator[dict[str, str]]:
    """
    Provide a folder and a PostgreSQL server with one database per project; yield what the projects need to know.

    PostgreSQL, because there a router waits for changes, while on SQLite it has to look for them.
    """
    with tempfile.TemporaryDirectory() as directory, running_postgres(*names) as server:
        yield {
            "BENCH_DIR": directory,
            "BENCH_PG_PORT": str(server.port),
            "BENCH_PG_PASSWORD": server.password,
            "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings",
        }


@contextmanager
def site(
    place: dict[str, str], *, name: str, moved: bool = False, **environment: str
) -> Iterator[tuple[psutil.Process, int]]:
    """Run the benchmark's project under granian with one worker; yield its process and port."""
    env = {**place, "BENCH_NAME": name, **environment}
    prepare = [sys.executable, "-m", "benchmarks.site.prepare", *(["moved"] if moved else [])]
    subprocess.run(prepare, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, cwd=ROOT, check=True)
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--workers", "1", "--blocking-threads", "4",
        "--port", str(port), "benchmarks.site.wsgi:application",
    ]  # fmt: skip
    with running(command, port, **env) as process:
        yield process, port


@dataclass(frozen=True)
class Run:
    """One run of wrk: requests per second, latencies, and what the watched processes spent per request."""

    per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    cpu_us: float
    errors: int


def load(url: str, watched: psutil.Process | None, *, seconds: int, connections: int) -> Run:
    """Load *url* and watch a process with its children."""
    before = cpu_s(watched)
    said = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    spent = cpu_s(watched) - before
    count = int(_found(r"(\d+) requests in", said))
    errors = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", said)))
    errors += sum(int(n) for line in re.findall(r"Socket errors: (.*)", said) for n in re.findall(r"\d+", line))
    return Run(
        per_s=float(_found(r"Requests/sec: +([\d.]+)", said)),
        p50_ms=_ms(_found(r"50% +(\S+)", said)),
        p90_ms=_ms(_found(r"90% +(\S+)", said)),
        p99_ms=_ms(_found(r"99% +(\S+)", said)),
        cpu_us=spent / count * 1e6,
        errors=errors,
    )


def cpu_s(process: psutil.Process | None) -> float:
    """Return the CPU seconds that a process and its children have used."""
    if process is None:
        return 0.0
    family = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        sys.exit(f"wrk said something unexpected:\n{text}")
    return match.group(1)


def _ms(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def alternate(runs: dict[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """
    Run all in turn, *rounds* times, after one round of warming up; so that a busy moment meets everybody.

    The order is another one in each round: what comes after a heavy neighbour must not always be the same.
    """
    results: dict[str, list[Run]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name in random.sample(list(runs), len(runs)):
            result = runs[name]()
            if turn:
                results[name].append(result)
    return results


def median(runs: Sequence[Run], figure: str) -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(run, figure) for run in runs)


@dataclass(frozen=True)
class Hop:
    """
    What stands between wrk and an upstream.

    Attributes:
        process: whose CPU counts, with its children's; None where there is no hop.
    """

    process: psutil.Process | None
    port: int
    path: str = "/routed/"

    def load(self, seconds: int, connections: int) -> Run:
        """Load it."""
        url = f"http://127.0.0.1:{self.port}{self.path}"
        return load(url, self.process, seconds=seconds, connections=connections)


def hop_rows(results: dict[str, list[Run]], first: str, where: str) -> list[list[str]]:
    """
    Return one row of medians per hop; a failed request ends everything.

    Args:
        first: the hop that the others' requests per second are compared with.
        where: what is said of each hop after its name.
    """
    assert not sum(run.errors for runs in results.values() for run in runs)
    plain = median(results[first], "per_s")
    return [
        [
            f"{name}, {where}",
            f"{median(runs, 'per_s'):,.0f}",
            f"{median(runs, 'per_s') / plain:.2f}",
            f"{median(runs, 'p50_ms'):.2f}",
            f"{median(runs, 'p99_ms'):.2f}",
            f"{median(runs, 'cpu_us'):.0f}" if any(run.cpu_us for run in runs) else "-",
        ]
        for name, runs in results.items()
    ]


def hop_table(title: str, first: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the rows of `hop_rows` as a Markdown table."""
    return table([title, "req/s", f"of {first}", "p50 ms", "p99 ms", "CPU us per request"], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def commit() -> str:
    """Return the commit that is measured, with a plus when the toolkit has changes that are not in it."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
    dirty = subprocess.run(["git", "status", "--porcelain", "strangler"], cwd=ROOT, capture_output=True, text=True)
    return head.stdout.strip() + ("+" if dirty.stdout.strip() else "")
