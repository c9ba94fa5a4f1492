"""`make clean-data`: forget everything that the platform has written; asks first."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from monolith.config.run.account import server_folder
from monolith.config.run.environment import running_pid
from monolith.config.run.hosts import ROOT


def main(argv: Sequence[str] | None = None) -> int:
    """Remove the folder, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make clean-data", description=__doc__)
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(argv)
    folder: Path = options.run_dir.resolve()
    if not folder.exists():
        print(f"There is nothing to forget: {folder} does not exist.")
        return 0
    if pid := running_pid(folder):
        print(f"The platform runs (process {pid}). End it first, with Ctrl-C or: kill -INT {pid}", file=sys.stderr)
        return 1
    if not options.yes and not _confirmed(folder):
        print("Nothing was changed.")
        return 1
    for part in (server_folder(folder / "postgres"), folder):
        shutil.rmtree(part, ignore_errors=part != folder)
    print(f"Forgotten: {folder}")
    return 0


def _confirmed(folder: Path) -> bool:
    if not sys.stdin.isatty():
        print(f"This removes {folder} with all databases and keys. Say so with --yes (make clean-data YES=1).")
        return False
    return input(f"Remove {folder} with all databases and keys? [y/N] ").strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
