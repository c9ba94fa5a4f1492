"""Tables that other frameworks make: keys of every kind, and values whose texts are treacherous."""

import pytest
from django.db import connections, transaction

from strangler.replication.verify import repair, tallies
from strangler.replication.verify.pair import shape_between
from tests.integration.replication.verify.conftest import rows_of
from tests.integration.replication.verify.still import compared, counts, still

UUIDS = [f"{n:08x}-0000-4000-8000-{2**47 - n:012x}" for n in (0, 1, 2, 77, 2**31, 2**32 - 1)]
TEXTS = [
    "",
    " ",
    "'",
    "a",
    "A",
    "ä",
    "Z",
    "z",
    "é",
    "e\u0301",
    "\\",
    "100%",
    "%s",
    "null",
    "日本",
    "\U0001f40d",
    "a b",
    "a-b",
    "ab",
]
TABLES = {
    "composite": (
        "a integer, b text, c date, v text, PRIMARY KEY (b, a, c)",
        [f"({n % 3}, '{'xyz'[n % 3]}{n % 5}', '2026-01-{n % 28 + 1:02}', 'v{n}')" for n in range(40)],
    ),
    "identified": ("id uuid PRIMARY KEY, v text", [f"('{u}', 'v')" for u in UUIDS]),
    "named": ("name text PRIMARY KEY, v text", [f"('{t.replace(chr(39), chr(39) * 2)}', 'v')" for t in TEXTS]),
    "wide": (
        "id bigint PRIMARY KEY, v text",
        [f"({n}, NULL)" for n in (-(2**63), -1, 0, 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1)],
    ),
}
"""Columns, and rows as SQL; fit for both databases."""
POSTGRESQL = {
    "padded": ("id character(5) PRIMARY KEY, v text", ["('a', '')", "('ab', '')", "('abcde', '')"]),
    "exact": (
        "id numeric(30, 10) PRIMARY KEY, v text",
        [f"({n}, '')" for n in ("-1.5", "0", "1e-10", "99999999999999999999")],
    ),
    "timed": ("id timestamptz(3) PRIMARY KEY, v text", [f"('2026-10-25 0{n}:30:00.123+00', '')" for n in range(5)]),
    "bytes": ("id bytea PRIMARY KEY, v text", [r"('\x00', '')", r"('\xff', '')", r"('\x0001', '')"]),
    "collated": ('id text COLLATE "C" PRIMARY KEY, v text', [f"('{t}', '')" for t in ("a", "A", "ä", "b", "B", "-a")]),
    "Odd name": ('"order" integer PRIMARY KEY, v text, "a % b" text', ["(1, '', '')", "(2, '', NULL)"]),
}
COLUMNS = """id integer PRIMARY KEY, j json, jb jsonb, a text[], f double precision, r real, t timestamptz, i interval,
    b bytea, n numeric, g integer GENERATED ALWAYS AS (id * 2) STORED"""
VALUES = [
    """(1, '{"b": 1,  "a": [1, 2]}', '{"b": 1, "a": null}', '{a,NULL,"N,U\\"LL"}', 0.1, 'NaN', '2026-01-01 00:00Z',
        '1 mon 1 us', '\\x00ff', 1.10)""",
    """(2, 'null', 'null', '{}', '-Infinity', 1e-45, 'infinity', '-1 day', '', 'NaN')""",
    """(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    """(4, '"\\u00e4"', '"ä"', '{{1,2},{3,4}}', 1e308, 3.4028235e38, '0044-03-15 12:00 BC', '100 years', '\\x', 1.1)""",
]


def make(homes, table, columns, rows):
    name = homes.monolith.ops.quote_name(table)
    given = homes.monolith, homes.service
    for connection in given:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} ({columns})", None)
            for row in rows:
                cursor.execute(f"INSERT INTO {name} VALUES {row}", None)


@pytest.fixture
def both(homes, sample_alone):
    return homes


def spoil_and_repair(homes, table, total):
    """Take the first row away, change the second one, and look whether that is found and mended."""
    name, stream = homes.monolith.ops.quote_name(table), still([table])
    assert counts(compared(stream, range_rows=2)) == {table: (total, 0, 0, 0)}
    with homes.service.cursor() as cursor:
        key = homes.service.ops.quote_name(shape_between(homes.monolith, homes.service, table).key[0].name)
        place = "ctid" if homes.vendor == "postgresql" else "rowid"
        cursor.execute(f"SELECT {place} FROM {name} ORDER BY {key} LIMIT 3", None)
        first, second, *_ = (f"'{row[0]}'" for row in cursor.fetchall())
        cursor.execute(f"DELETE FROM {name} WHERE {place} = {first}", None)
        cursor.execute(f"UPDATE {name} SET v = 'changed' WHERE {place} = {second}", None)
    row = compared(stream, range_rows=2)
    assert counts(row) == {table: (total, 1, 0, 1)}
    assert repair(stream, 1, tallies(row), lambda _: None) == 2
    assert rows_of(homes.monolith, name) == rows_of(homes.service, name)


def test_keys_of_every_kind(both):
    tables = TABLES | POSTGRESQL if both.vendor == "postgresql" else TABLES
    for table, (columns, rows) in tables.items():
        make(both, table, columns, rows)
        spoil_and_repair(both, table, len(rows))


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_keys_that_the_databases_order_differently(both):
    """A value's place may depend on its type or collation; an order of bytes is the same everywhere."""
    for connection, moods in ((both.monolith, "'sad', 'ok', 'happy'"), (both.service, "'happy', 'sad', 'ok'")):
        connection.cursor().execute(f"CREATE TYPE mood AS ENUM ({moods})")
        connection.cursor().execute("CREATE TABLE moody (id mood PRIMARY KEY, v text)")
        connection.cursor().execute("INSERT INTO moody VALUES ('sad', ''), ('ok', ''), ('happy', '')")
    spoil_and_repair(both, "moody", 3)
    for connection, collation in ((both.monolith, "C"), (both.service, "ucs_basic")):
        connection.cursor().execute(f'CREATE TABLE named (name text COLLATE "{collation}" PRIMARY KEY, v text)')
        for text in TEXTS:
            connection.cursor().execute("INSERT INTO named VALUES (%s, 'v')", [text])
    assert not shape_between(both.monolith, both.service, "named").indexed
    spoil_and_repair(both, "named", len(TEXTS))


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_keys_of_sqlite_that_do_not_tell_cases_apart(both):
    make(both, "named", "name text COLLATE NOCASE PRIMARY KEY, v text", ["('b', '')", "('A', '')", "('c', '')"])
    spoil_and_repair(both, "named", 3)


@pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
def test_values_whose_texts_are_treacherous(both):
    """They are the same in both homes whatever the databases' settings say, and every change of one is seen."""
    columns = "id, j, jb, a, f, r, t, i, b, n"
    for connection in (both.monolith, both.service):
        connection.cursor().execute(f"CREATE TABLE values_ ({COLUMNS})", None)
        for row in VALUES:
            connection.cursor().execute(f"INSERT INTO values_ ({columns}) VALUES {row}", None)
    for setting in (
        "DateStyle = 'German'",
        "TimeZone = 'Asia/Kolkata'",
        "extra_float_digits = 0",
        "bytea_output = escape",
    ):
        both.service.cursor().execute(f"ALTER ROLE CURRENT_USER IN DATABASE service SET {setting}")
    both.service.close()
    stream = still(["values_"])
    assert counts(compared(stream)) == {"values_": (4, 0, 0, 0)}
    changes = [
        ("j = '{\"b\": 1, \"a\": [1, 2]}'", 1), ("jb = '{\"b\": 1}'", 1), ("a = '{a,\"NULL\",\"N,U\\\"LL\"}'", 1),
        ("f = 0.1::float8 + 2e-17::float8", 1), ("n = 1.1", 1), ("n = 1.10", 4), ("j = NULL", 2), ("jb = 'null'", 3),
        ("a = '{1,2,3,4}'", 4), ("b = NULL", 2), ("i = '31 days 1 us'", 1), ("r = NULL", 1),
    ]  # fmt: skip
    for change, number in changes:
        with transaction.atomic("sample_service"):
            both.service.cursor().execute(f"UPDATE values_ SET {change} WHERE id = {number}", None)
        row = compared(stream)
        assert counts(row) == {"values_": (4, 0, 0, 1)}, change
        assert repair(stream, 1, tallies(row), lambda _: None) == 1
    assert counts(compared(stream)) == {"values_": (4, 0, 0, 0)}


@pytest.mark.parametrize("homes", ["sqlite"], indirect=True)
def test_a_number_and_its_text_are_different_on_sqlite(both):
    make(both, "loose", "id integer PRIMARY KEY, v", ["(1, 1)", "(2, '1')", "(3, 1.0)", "(4, x'31')", "(5, NULL)"])
    stream = still(["loose"])
    assert counts(compared(stream)) == {"loose": (5, 0, 0, 0)}
    connections["sample_service"].cursor().execute(
        "UPDATE loose SET v = CASE id WHEN 1 THEN '1' WHEN 2 THEN 1 WHEN 3 THEN 1 WHEN 4 THEN '1' END"
    )
    assert counts(compared(stream)) == {"loose": (5, 0, 0, 4)}
