"""Every shape of a table that SQLite knows: handled, or refused by name with what to do about it."""

from __future__ import annotations

import pytest

from strangler.replication import leftovers, misfits, schema_differences, unsupported

KEY = "CREATE TABLE t (id integer PRIMARY KEY"
REFUSED = {
    "no key": ("CREATE TABLE t (a int)", "t has no primary key", "add one"),
    "view": ("CREATE VIEW t AS SELECT 1 AS id", "t is a view", "managed = False"),
    "virtual table": ("CREATE VIRTUAL TABLE t USING fts5(words)", "t is a virtual table", "managed = False"),
    "key to outside": (
        f"CREATE TABLE other (id integer PRIMARY KEY); {KEY}, up int REFERENCES other (id))",
        "t has the foreign key on up to other",
        "a plain id",
    ),
    "key from outside": (
        f"{KEY}); CREATE TABLE other (id integer PRIMARY KEY REFERENCES t (id))",
        "other has the foreign key on id to t",
        "a plain id",
    ),
}
HANDLED = {
    "plain": f"{KEY}, name text)",
    "counter": "CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT)",
    "generated": f"{KEY}, a int AS (id * 2) STORED, b int AS (id * 3) VIRTUAL)",
    "two columns": "CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID",
    "key to itself": f"{KEY}, up int REFERENCES t (id))",
}


@pytest.mark.parametrize("shape", REFUSED)
def test_shape_is_refused_by_name_with_advice(sqlite_pair, shape):
    script, what, advice = REFUSED[shape]
    sqlite_pair.build(script)
    (sentence,) = unsupported(sqlite_pair.here, ["t"])
    assert what in sentence
    assert advice in sentence


@pytest.mark.parametrize("shape", HANDLED)
def test_shape_is_handled(sqlite_pair, shape):
    sqlite_pair.build(HANDLED[shape])
    assert list(misfits(sqlite_pair.flow("t"))) == []


DIFFERENT = {
    "no table": (f"{KEY})", "", "'there' has no table t"),
    "no column": (f"{KEY}, a int)", f"{KEY})", "t.a is int in 'here' and absent in 'there'"),
    "type": (f"{KEY}, a int)", f"{KEY}, a text)", "t.a is int in 'here' and text in 'there'"),
    "not null": (f"{KEY}, a int)", f"{KEY}, a int NOT NULL)", "t.a is int in 'here' and int not null in 'there'"),
    "check": (f"{KEY})", f"{KEY} CHECK ((id) > (0)))", "t demands CHECK ((id) > (0)) in 'there' and not in 'here'"),
    "unique": (f"{KEY}, a int)", f"{KEY}, a int UNIQUE)", "t demands UNIQUE (a) in 'there'"),
    "unique by collation": (
        f"{KEY}, a text); CREATE UNIQUE INDEX x ON t (a COLLATE NOCASE)", f"{KEY}, a text)", "UNIQUE (a NOCASE)",
    ),
    "unique in part": (
        f"{KEY}, a int); CREATE UNIQUE INDEX x ON t (a) WHERE a > 1", f"{KEY}, a int)", "UNIQUE (a) WHERE a > 1",
    ),
    "foreign key": (
        f"{KEY}, up int REFERENCES t (id))", f"{KEY}, up int)", "FOREIGN KEY (up) REFERENCES t (id) in 'here'",
    ),
    "generated otherwise": (
        f"{KEY}, a int AS (id + 1) STORED)", f"{KEY}, a int AS (id + 1) VIRTUAL)", "t.a is generated, stored in",
    ),
}  # fmt: skip
HARMLESS = {
    "default": (f"{KEY}, a int DEFAULT 1)", f"{KEY}, a int DEFAULT 2)"),
    "order of columns": (f"{KEY}, a int, b int)", f"{KEY}, b int, a int)"),
    "names and spaces": (f"{KEY}, CONSTRAINT x CHECK  (id  > 0))", f"{KEY}, CHECK (id > 0))"),
    "plain index": (f"{KEY}, a int); CREATE INDEX x ON t (a)", f"{KEY}, a int)"),
}


@pytest.mark.parametrize("difference", DIFFERENT)
def test_difference_is_named(sqlite_pair, difference):
    here, there, what = DIFFERENT[difference]
    sqlite_pair.build(here, there)
    (sentence,) = schema_differences(sqlite_pair.here, sqlite_pair.there, ["t"])
    assert what in sentence


@pytest.mark.parametrize("difference", HARMLESS)
def test_harmless_difference_is_not_named(sqlite_pair, difference):
    sqlite_pair.build(*HARMLESS[difference])
    assert list(misfits(sqlite_pair.flow("t"))) == []


def test_what_is_left_at_the_target_is_counted_by_name(sqlite_pair):
    sqlite_pair.build(f"{KEY}); CREATE TABLE u (id integer PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    (sentence,) = leftovers(sqlite_pair.there, ["t", "u", "missing"])
    assert "t in 'there' holds 2 rows" in sentence
