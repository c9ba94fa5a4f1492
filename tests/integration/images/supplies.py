"""
What images are built with where no registry of images can be asked: an engine, a base, and the wheels of the locks.

Base and wheels are fetched once and kept in the cache of whoever runs this, by the hash of what they are made from.
`python -m tests.integration.images.supplies` fetches all of it beforehand, and Debian's packages where root asks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pip._vendor.packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ("host", "edge")
RELEASE, PYTHON = "bookworm", {"python_version": "3.11", "python_full_version": "3.11.2"}
PACKAGES = ("base-files", "ca-certificates", "coreutils", "dash", "libc-bin", "netbase", "python3-venv", "tzdata")
PROGRAMS = {"dockerd": "docker.io", "mmdebstrap": "mmdebstrap"}
FETCH_S = 900
_ENTRY = re.compile(r"^(\S+==\S+)(?: ; (.*?))? \\\n((?:    .*\n?)+)", re.M)


def why_not() -> str:
    """Return why no engine can be started here; empty when one may be. Whoever installs something now is waited for."""
    with _alone("packages"):
        missing = _missing()
    if os.geteuid():
        return "only root can start dockerd"
    if _base().exists():
        missing.pop("mmdebstrap", None)
    return f"no {', '.join(missing)} in PATH (apt-get install {' '.join(missing.values())})" if missing else ""


def packages() -> None:
    """Install what is missing, where Debian's packages can be installed."""
    with _alone("packages"):
        if (missing := _missing()) and not os.geteuid() and shutil.which("apt-get"):
            _run(["apt-get", "--quiet", "update"])
            _run(["apt-get", "--quiet", "install", "--yes", "--no-install-recommends", *missing.values()])


def _missing() -> dict[str, str]:
    return {program: package for program, package in PROGRAMS.items() if shutil.which(program) is None}


def base() -> Path:
    """Return the archive of a Debian with Python: unpacked, and nothing of it configured."""
    file = _base()
    with _alone("base"):
        if not file.exists():
            new = file.with_suffix(".new")
            command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=extract", f"--include={','.join(PACKAGES)}"]
            _run([*command, RELEASE, str(new)])
            new.replace(file)
    return file


def wheels() -> Path:
    """Return a folder with the wheels that the locks name, for the base's Python."""
    wanted = "".join(requirements((ROOT / f"requirements/{name}.lock").read_text()) for name in LOCKS)
    folder = _cache() / f"wheels-{_hash(wanted)}"
    with _alone("wheels"):
        if not folder.exists():
            new = folder.with_suffix(".new")
            new.mkdir(exist_ok=True)
            file = new / "wanted"
            file.write_text(wanted)
            options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(new)]
            _run([sys.executable, "-m", "pip", "download", *options, "--requirement", str(file)])
            new.replace(folder)
    return folder


def requirements(lock: str) -> str:
    """Return what of a lock the base's Python needs; this machine's may be another, for which pip would choose."""
    wanted = [(name, hashes) for name, marker, hashes in _ENTRY.findall(lock)
              if not marker or Marker(marker).evaluate(PYTHON)]  # fmt: skip
    return "".join(f"{name} \\\n{hashes}" for name, hashes in wanted)


def _base() -> Path:
    return _cache() / f"base-{_hash(RELEASE, *PACKAGES)}.tar"


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-strangler"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _hash(*words: str) -> str:
    return hashlib.sha256("\0".join((*words, os.uname().machine)).encode()).hexdigest()[:12]


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Whoever comes while another fetches waits, and finds it there."""
    with (_cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=FETCH_S)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")


if __name__ == "__main__":
    packages()
    for made in (base(), wheels()):
        print(made)
