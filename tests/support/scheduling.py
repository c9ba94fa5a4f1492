"""Which tests stay together when a run is divided among processes: those of a file, and those that share a platform."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadFileScheduling

SHARING = ("tests/bindings/", "tests/contracts/")
"""Below them, a folder's files share a platform for each kind of database: starting it takes longer than most files."""


class ByPlatform(LoadFileScheduling):
    """Keeps the tests of a file together, and those of a folder that share a platform."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """Return what is never divided: a file, or a folder with a kind of database."""
    file, _, test = nodeid.partition("::")
    if not file.startswith(SHARING):
        return file
    kind = "sqlite" if "sqlite" in test.partition("[")[2] else "postgres"
    return f"{PurePosixPath(file).parent}[{kind}]"
