"""Turns database addresses into entries of `DATABASES`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from strangler.hosting.environment import Environment

_EXAMPLE = "postgresql://user:secret@127.0.0.1:5432/name or sqlite:///path/to/file"


def database(env: Environment, name: str, *, fallback: Path) -> dict[str, Any]:
    """
    Return the entry for the address in the variable *name*; an SQLite file at *fallback* when it is not set.

    PostgreSQL connections are pooled in each process, at most `DATABASE_POOL_SIZE` of them.
    """
    raw = env.text(name)
    if not raw:
        return sqlite(fallback)
    parts = urlsplit(raw)
    if parts.scheme in {"postgresql", "postgres"}:
        if not parts.path.strip("/"):
            env.fault(name, f"names no database; write it like {_EXAMPLE}.")
        return postgresql(raw, pool_size=int(env.number("DATABASE_POOL_SIZE", 20)))
    if parts.scheme == "sqlite" and not parts.netloc and parts.path:
        return sqlite(Path(unquote(parts.path[1:])))
    env.fault(name, f"must be written like {_EXAMPLE}.")
    return sqlite(fallback)


def postgresql(url: str, *, pool_size: int) -> dict[str, Any]:
    """Return the entry for a PostgreSQL server; query parameters are passed on to libpq."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    options: dict[str, Any] = {**query, "pool": {"min_size": 1, "max_size": pool_size, "timeout": 10}}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,  # the pool keeps connections; Django's own persistence does not mix with it
        "OPTIONS": options,
    }


def sqlite(path: Path) -> dict[str, Any]:
    """Return the entry for an SQLite file; its folder is made when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # Readers do not wait for the writer; writers queue up at BEGIN instead of failing in the middle.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
