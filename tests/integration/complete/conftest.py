"""Hosts of both releases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

from tests.support.fixtures import cluster, start_platform, unwound_by_sigterm, valkey  # noqa: F401  fixtures
from tests.support.platform import Platform

_HOSTS = "tests.integration.complete.hosts"
SHIPPED = {host: f"{_HOSTS}.{host}" for host in ("monolith", "parcels")}
BEFORE = {host: f"{_HOSTS}.{host}_before" for host in ("monolith", "parcels")}


def rows(platform: Platform, host: str, query: str) -> list[tuple[Any, ...]]:
    """Return what the database of *host* holds."""
    address = platform.databases[host]
    if platform.kind == "postgres":
        with psycopg.connect(address) as connection:
            return connection.execute(query.encode()).fetchall()
    with closing(sqlite3.connect(address)) as connection:
        return connection.execute(query).fetchall()


def owners(platform: Platform, host: str) -> list[tuple[Any, ...]]:
    """Return who may write parcels, as the database of *host* knows it."""
    return rows(
        platform, host, "SELECT owner, epoch, owned_epoch FROM strangler_ownership WHERE capability = 'parcels'"
    )


def refusal(platform: Platform, *arguments: str, settings: str = "monolith") -> str:
    """Return what a command says that must be refused."""
    done = platform.manage(*arguments, settings=settings)
    assert done.returncode != 0, done.stdout
    return " ".join(done.stderr.split())
