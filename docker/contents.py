"""
Which files an image carries, and the folder that Docker builds it from: the one place that says so.

`python docker/contents.py service catalog --list` prints them, `--to FOLDER` puts them there. A service has its app,
every app's contract, the kernel and the toolkit; the monolith has all apps. Needs Python alone, and no engine.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("service", "monolith", "edge")
_EVERYWHERE = ("docker/bin/*", "strangler/**", "monolith/__init__.py")
_CONTRACTS = ("monolith/kernel/**", "monolith/*/contract/**")
_NOT = ("strangler/testing/**", "extracted/*/README.md")


def patterns(kind: str, capability: str = "") -> tuple[str, ...]:
    """
    Return what an image carries; `**` stands for any number of folders.

    Args:
        kind: `service`, `monolith` or `edge`.
        capability: of the service.
    """
    if kind == "service":
        own = (f"monolith/{capability}/**", "extracted/__init__.py", f"extracted/{capability}/**")
        return (*_EVERYWHERE, *_CONTRACTS, *own)
    return (*_EVERYWHERE, "monolith/**")


def files(kind: str, capability: str = "", root: Path = ROOT) -> list[str]:
    """Return the files that an image carries, sorted, relative to *root*."""
    wanted = patterns(kind, capability)
    found = {file for file in _known(root) if _fits(file, wanted) and not _fits(file, _NOT)}
    packages = {f"{Path(file).parents[1]}/__init__.py" for file in found if "/contract/" in file}
    return sorted(found | {package for package in packages if (root / package).is_file()})


def copy(kind: str, capability: str, to: Path, root: Path = ROOT) -> None:
    """Put the files of an image into the folder *to*, which must not be there."""
    for file in files(kind, capability, root):
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, to / file)


def _fits(file: str, wanted: tuple[str, ...]) -> bool:
    """`*` within a pattern ends at a slash, `/**` at its end does not."""
    for pattern in wanted:
        stem, star, _ = pattern.partition("/**")
        parts, asked = file.split("/"), stem.split("/")
        if (len(parts) > len(asked) if star else len(parts) == len(asked)) and all(map(fnmatch, parts, asked)):
            return True
    return False


def _known(root: Path) -> Iterator[str]:
    """What git knows or would add, so that nobody's leftovers get into an image; without git, whatever is there."""
    if not (root / ".git").exists():
        return (str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and file.suffix != ".pyc")
    listed = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(listed, capture_output=True, text=True, check=True).stdout  # noqa: S603  our own words
    return (file for file in told.split("\0") if file and (root / file).is_file())


def capabilities(root: Path = ROOT) -> list[str]:
    """Return the capabilities that have a host."""
    return sorted(file.parent.name for file in (root / "extracted").glob("*/settings.py"))


def main(argv: list[str] | None = None) -> int:
    """Print or copy the files of an image."""
    parser = argparse.ArgumentParser(prog="docker/contents.py", description=__doc__)
    parser.add_argument("kind", choices=(*KINDS, "names"), help="`names` prints the images that there are")
    parser.add_argument("capability", nargs="?", default="")
    parser.add_argument("--list", action="store_true", help="print the files")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="put them there")
    given = parser.parse_args(argv)
    if given.kind == "names":
        print("\n".join(["monolith", "edge", *capabilities()]))
        return 0
    if given.kind == "service" and given.capability not in capabilities():
        sys.exit(f"There is no host of {given.capability or 'nothing'}. Choose from: {', '.join(capabilities())}.")
    if given.to:
        copy(given.kind, given.capability, given.to)
    if given.list or not given.to:
        print("\n".join(files(given.kind, given.capability)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
