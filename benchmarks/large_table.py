"""One table with rows of about 200 bytes in two databases of one PostgreSQL server, the homes of tests' `sample`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings

from tests.support.postgres import running_postgres

ALIASES = {"default": "monolith", "sample_service": "service"}
"""The source's and the target's."""
TABLE = "large"


@contextmanager
def two_databases() -> Iterator[None]:
    """Run a server, and let this process be a Django project that knows both databases, with an empty table in each."""
    with running_postgres(*ALIASES.values()) as server:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        django.setup()
        _use(server)
        for alias in ALIASES:
            do(
                alias,
                f"CREATE TABLE {TABLE} (id bigint PRIMARY KEY, sku text, name text, price numeric(12, 2),"
                " stock integer, active boolean, changed_at timestamptz, description text)",
            )
        yield


def _use(server: Any) -> None:
    from django.core.management import call_command
    from django.db import connections

    for alias, name in ALIASES.items():
        entry = {
            "ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": "strangler",
            "PASSWORD": server.password, "HOST": "127.0.0.1", "PORT": server.port,
        }  # fmt: skip
        connections[alias].close()
        del connections[alias]
        connections.settings[alias] = connections.configure_settings({"default": entry})["default"]
    sample = settings.STRANGLER["CAPABILITIES"]["sample"]
    settings.STRANGLER = {**settings.STRANGLER, "CAPABILITIES": {"sample": sample}}
    for alias in ALIASES:
        call_command("migrate", database=alias, verbosity=0)


def fill(alias: str, rows: int) -> None:
    """Insert *rows* rows, the same in every database."""
    do(
        alias,
        f"INSERT INTO {TABLE} SELECT n, 'SKU-' || n, 'Product number ' || n, n % 1000 + 0.99, n % 77, n % 3 = 0,"
        " timestamptz '2026-01-01' + n * interval '1 second', repeat(md5(n::text), 3)"
        f" FROM generate_series(1, {rows}) n",
    )
    do(alias, f"VACUUM ANALYZE {TABLE}")


def do(alias: str, statement: str) -> int:
    """Run one statement, and return how many rows it met."""
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute(statement, None)
        return cursor.rowcount
