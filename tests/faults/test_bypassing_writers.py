"""
Writers that never ask a router: the database itself refuses them after the move, and names the owner (promise 1).

Each is tried once more with the fence taken out, and must then succeed: it is the fence that refuses, nothing else.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from tests.support.cluster import OWNER, PASSWORD, SUPERUSER, Cluster
from tests.support.platform import Platform
from tests.support.state import digests, tables

pytestmark = pytest.mark.platform

OUTSIDER = "outsider"
ROLES = (OUTSIDER, OWNER, SUPERUSER)
REFUSAL = "catalog belongs to the service since epoch"
_CATEGORY = "INSERT INTO catalog_category (id, slug, name, path, position, is_active, version) VALUES"
STATEMENTS = {
    "insert": f"{_CATEGORY} (gen_random_uuid(), 'x', 'x', 'x/', 0, true, 1)",
    "update": "UPDATE catalog_product SET name = 'stolen'",
    "update of nothing": "UPDATE catalog_product SET name = 'stolen' WHERE false",
    "delete": "DELETE FROM catalog_price_history",
    "truncate": "TRUNCATE catalog_price_history",
    "upsert": f"{_CATEGORY} (gen_random_uuid(), 'lamps', 'x', 'x/', 0, true, 1) ON CONFLICT DO NOTHING",
    "merge": "MERGE INTO catalog_product p USING (VALUES (1)) v(i) ON p.version > 0 WHEN MATCHED THEN DELETE",
    "within a query": "WITH gone AS (DELETE FROM catalog_price_history RETURNING 1) SELECT count(*) FROM gone",
}
SHELL = """
from django.db import transaction
from monolith.catalog.models import Category
with transaction.atomic():
    Category.objects.create(slug="from-the-shell", name="x", path="from-the-shell/")
    print("written")
    transaction.set_rollback(True)
"""


@pytest.fixture(scope="module")
def moved(postgres_platform: Platform, cluster: Cluster) -> Platform:
    """A platform whose catalog has moved; a role of somebody else may write the monolith's old tables."""
    database = _database(postgres_platform)
    cluster.execute(database, f"CREATE ROLE {OUTSIDER} LOGIN PASSWORD '{PASSWORD}'")
    for table in tables(postgres_platform.homes["monolith"]):
        cluster.execute(database, f"GRANT ALL ON {table} TO {OUTSIDER}")
    postgres_platform.strangler("toggle", "catalog", "service", "--yes")
    return postgres_platform


@pytest.fixture(params=["fenced", "fence taken out"])
def refused(request: pytest.FixtureRequest, moved: Platform, cluster: Cluster) -> Iterator[bool]:
    """Whether writes must be refused: with the fence as it is, and with its triggers disabled."""
    if request.param == "fenced":
        yield True
    else:
        with _triggers_disabled(moved, cluster):
            yield False


@contextmanager
def _triggers_disabled(moved: Platform, cluster: Cluster) -> Iterator[None]:
    names = tables(moved.homes["monolith"])
    for table in names:
        cluster.execute(_database(moved), f"ALTER TABLE {table} DISABLE TRIGGER strangler_fence")
    yield
    for table in names:
        cluster.execute(_database(moved), f"ALTER TABLE {table} ENABLE TRIGGER strangler_fence")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_statement_of_another_role(moved: Platform, cluster: Cluster, refused: bool, role: str, statement: str) -> None:
    with _connection(moved, cluster, role) as connection:
        _expect(refused, lambda: connection.execute(statement.encode()))


@pytest.mark.parametrize("role", ROLES)
def test_copy(moved: Platform, cluster: Cluster, refused: bool, role: str) -> None:
    def copy() -> None:
        sql = "COPY catalog_category (id, slug, name, path, position, is_active, version) FROM STDIN"
        with connection.cursor().copy(sql) as stream:
            stream.write_row((uuid.uuid4(), "copied", "x", "x/", 0, True, 1))

    with _connection(moved, cluster, role) as connection:
        _expect(refused, copy)


def test_django_shell(moved: Platform, refused: bool) -> None:
    done = moved.manage("shell", "-c", SHELL)
    if refused:
        assert done.returncode != 0
        assert REFUSAL in done.stderr, done.stderr
    else:
        assert "written" in done.stdout, done.stderr


def test_the_owner_still_writes(moved: Platform, cluster: Cluster) -> None:
    """The fence stands in one home only."""
    for statement in STATEMENTS.values():
        with psycopg.connect(moved.homes["service"]) as connection:
            connection.execute(statement.encode())
            connection.rollback()


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_transaction_begun_before_the_switch(moved: Platform, cluster: Cluster, isolation: str) -> None:
    """Its snapshot still shows the monolith as the owner; it can read on, not write (R3)."""
    moved.strangler("toggle", "catalog", "monolith", "--yes")
    before = digests(moved.homes["monolith"])
    with _connection(moved, cluster, OUTSIDER) as early, _connection(moved, cluster, OUTSIDER) as control:
        for connection in (early, control):
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
            connection.execute("SELECT count(*) FROM catalog_product")
        moved.strangler("toggle", "catalog", "service", "--yes")
        early.execute("SELECT count(*) FROM catalog_product")
        _expect(True, lambda: early.execute(STATEMENTS["update"].encode()))
        early.rollback()
        with _triggers_disabled(moved, cluster):
            control.execute(STATEMENTS["update"].encode())
            control.rollback()
    assert digests(moved.homes["monolith"]) == before


SQLITE_STATEMENTS = {
    "insert": f"{_CATEGORY} ('0', 'x', 'x', 'x/', 0, 1, 1)",
    "update": STATEMENTS["update"],
    "delete": STATEMENTS["delete"],
    "replace": "REPLACE INTO catalog_category SELECT * FROM catalog_category",
}


@pytest.fixture(scope="module")
def moved_file(sqlite_platform: Platform) -> Platform:
    """A platform on SQLite files whose catalog has moved."""
    sqlite_platform.strangler("toggle", "catalog", "service", "--yes")
    return sqlite_platform


@pytest.mark.parametrize("statement", SQLITE_STATEMENTS.values(), ids=SQLITE_STATEMENTS)
def test_raw_sqlite_connection(moved_file: Platform, statement: str) -> None:
    file = moved_file.homes["monolith"]
    with closing(sqlite3.connect(file, timeout=20, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=r'SF001 .*"owner": "service"'):
            connection.execute(statement)
        connection.execute("BEGIN IMMEDIATE")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'strangler_fence_%'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0, "the control run wrote nothing"
        connection.execute("ROLLBACK")


def test_django_shell_on_sqlite(moved_file: Platform) -> None:
    done = moved_file.manage("shell", "-c", SHELL)
    assert done.returncode != 0
    assert REFUSAL in done.stderr, done.stderr


def _database(platform: Platform) -> str:
    return platform.homes["monolith"].rpartition("/")[2]


@contextmanager
def _connection(platform: Platform, cluster: Cluster, role: str) -> Iterator[psycopg.Connection]:
    """A connection to the monolith's database whose work is never committed."""
    with closing(psycopg.connect(cluster.dsn(_database(platform), role=role))) as connection:
        yield connection


def _expect(refused: bool, write: Callable[[], object]) -> None:
    if not refused:
        write()
        return
    with pytest.raises(psycopg.Error) as refusal:
        write()
    assert refusal.value.sqlstate == "SF001", refusal.value
    assert REFUSAL in str(refusal.value)
