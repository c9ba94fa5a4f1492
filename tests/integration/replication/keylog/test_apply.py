"""What the applier brings over: every row under a key that was logged, as it is by then."""

from contextlib import closing

import pytest

from strangler.replication.keylog import KeylogStream
from tests.integration.replication.keylog.conftest import only

PEOPLE = "INSERT INTO kl_person (id, code) VALUES (1, 'a'), (2, 'b'), (3, 'c')"


def logged(pair):
    return pair.run("SELECT count(*) FROM strangler_changed_key")[0][0]


def test_what_was_there_and_what_comes_arrives(pair):
    pair.run(PEOPLE)
    pair.run("INSERT INTO kl_badge (person, place, note) VALUES (1, 1, 'before')")
    pair.stream.arm()
    pair.stream.start(copy=True)
    pair.run("INSERT INTO kl_badge (person, place, note) VALUES (1, 2, NULL)")
    pair.run("UPDATE kl_person SET boss = 3 WHERE id = 1")
    pair.run("INSERT INTO kl_friend (one, other) VALUES (2, 3)")
    pair.run("DELETE FROM kl_badge WHERE place = 1")
    pair.drain()
    assert pair.equal()
    assert pair.rows("service")["kl_badge"]
    assert logged(pair) == 0


def test_unique_values_are_swapped(armed):
    armed.run(PEOPLE)
    armed.drain()
    armed.script("UPDATE kl_person SET code = 'x' WHERE id = 1; UPDATE kl_person SET code = 'a' WHERE id = 2;"
                 "UPDATE kl_person SET code = 'b' WHERE id = 1")  # fmt: skip
    armed.drain()
    assert armed.equal()


def test_pieces_that_do_not_fit_alone_are_brought_over_together(armed):
    """The entry of the row that takes a value is older than that of the row which gave it away."""
    armed.run(PEOPLE)
    armed.drain()
    armed.script("UPDATE kl_person SET code = 'x' WHERE id = 1; UPDATE kl_person SET code = 'a' WHERE id = 2;"
                 "DELETE FROM strangler_changed_key WHERE key LIKE '%1%'; UPDATE kl_person SET code = 'y' WHERE id = 1"
                 )  # fmt: skip
    with armed.applier(batch_entries=1) as applier:
        assert applier.apply() == 2
    assert armed.equal()


def test_a_piece_that_fits_leaves_the_rest_for_later(armed):
    armed.run(PEOPLE)
    with armed.applier(batch_entries=1) as applier:
        assert [applier.apply() for _ in range(4)] == [1, 1, 1, 0]
    assert armed.equal()


def test_keys_that_change_take_their_children_along(armed):
    armed.run(PEOPLE)
    armed.run("INSERT INTO kl_badge (person, place) VALUES (1, 1)")
    armed.drain()
    with closing(armed.raw()) as writer:
        for statement in (
            "BEGIN",
            "UPDATE kl_badge SET person = 9",
            "UPDATE kl_person SET id = 9 WHERE id = 1",
            "COMMIT",
        ):
            writer.execute(statement)
    armed.drain()
    assert armed.equal()


@only("sqlite")
def test_a_row_that_is_replaced_without_a_trigger_is_gone(armed):
    """SQLite removes the row with which a REPLACE collides, and fires nothing for it."""
    armed.run(PEOPLE)
    armed.drain()
    armed.run("INSERT OR REPLACE INTO kl_person (id, code) VALUES (7, 'b')")
    armed.run("UPDATE OR REPLACE kl_person SET code = 'c' WHERE id = 1")
    armed.drain()
    assert len(armed.rows("service")["kl_person"]) == 2
    assert armed.equal()


@only("postgresql")
def test_truncate_is_brought_over(armed):
    armed.run("INSERT INTO kl_day SELECT date '2026-01-01' + n, n FROM generate_series(1, 20) n")
    armed.run(
        "INSERT INTO kl_region SELECT n, CASE n % 2 WHEN 0 THEN 'north' ELSE 'south' END, n"
        " FROM generate_series(1, 20) n"
    )
    armed.drain()
    armed.run("TRUNCATE kl_day")
    armed.run("INSERT INTO kl_day VALUES ('2026-02-02', 1)")
    armed.run("TRUNCATE kl_region_north")
    armed.drain()
    assert armed.equal()
    assert len(armed.rows("service")["kl_region"]) == 10


@only("postgresql")
def test_a_row_that_moves_to_another_partition_is_there_once(armed):
    armed.run("INSERT INTO kl_region VALUES (1, 'north', 1), (2, 'east', 2)")
    armed.drain()
    armed.run("UPDATE kl_region SET region = 'west' WHERE id = 1")
    armed.run("INSERT INTO kl_region_north VALUES (3, 'north', 3)")
    armed.drain()
    assert armed.equal()


@only("postgresql")
def test_tables_that_inherit_keep_their_rows_apart(pair):
    pair.everywhere("CREATE TABLE kl_base (id bigint PRIMARY KEY, v int);"
                    "CREATE TABLE kl_heir (extra text, PRIMARY KEY (id)) INHERITS (kl_base)")  # fmt: skip
    pair.run("INSERT INTO kl_base VALUES (1, 1)")
    pair.run("INSERT INTO kl_heir VALUES (2, 2, 'x')")
    stream = KeylogStream(pair.flow("kl_base"))
    stream.arm()
    stream.log.ask_for_all(stream.tables)
    pair.run("UPDATE kl_base SET v = v + 1")
    stream.drain(pair.source, 10)
    assert pair.rows("service", ["ONLY kl_base", "kl_heir"]) == pair.rows("monolith", ["ONLY kl_base", "kl_heir"])
    assert pair.run("SELECT count(*) FROM ONLY kl_base", "service") == [(1,)]


@only("postgresql")
def test_values_of_every_kind_keep_their_form(pair):
    pair.everywhere(
        "CREATE TYPE kl_mood AS ENUM ('fine', 'foul'); CREATE TYPE kl_place AS (x int, y text);"
        "CREATE TABLE kl_values (id uuid PRIMARY KEY, f float8, n numeric, t timestamptz, d date, i interval, b bytea,"
        " j json, jb jsonb, a text[], m kl_mood[], p kl_place, r int4range, c char(5), net inet, acl aclitem);"
        "CREATE TABLE kl_moment (at timestamptz, mood kl_mood, b bytea, PRIMARY KEY (at, mood, b))"
    )
    stream = KeylogStream(pair.flow("kl_values", "kl_moment"))
    stream.arm()
    row = (
        "gen_random_uuid(), {f}, {n}, {t}, {t}, '1 mon -3 days', '\\x00ff', '{{\"a\":  1}}', '{{\"b\": [1]}}',"
        " ARRAY['x', NULL, '\"'], ARRAY['foul', 'fine']::kl_mood[], ROW(1, 'a,b'), '[1,5)', 'ab', '10.0.0.0/8',"
        " 'strangler=r/strangler'"
    )
    for f, n, t in (
        ("'NaN'", "'NaN'", "'infinity'"),
        ("0.1::float8 + 0.2", "1.10", "'2026-03-01 BC'"),
        ("'-0'", "1e50", "now()"),
    ):
        pair.run(f"INSERT INTO kl_values VALUES ({row.format(f=f, n=n, t=t)})")
    with closing(pair.raw()) as writer:
        writer.execute("SET datestyle = 'German'; SET timezone = 'Asia/Kathmandu'; SET bytea_output = 'escape'")
        writer.execute(
            "INSERT INTO kl_moment VALUES (now(), 'fine', '\\x0041'), ('infinity', 'foul', ''), (now(), 'foul', 'z')"
        )
        stream.drain(pair.source, 10)
        writer.execute("UPDATE kl_moment SET b = b || '!'::bytea WHERE mood = 'foul'")
        writer.execute("DELETE FROM kl_moment WHERE mood = 'fine'")
    pair.run("UPDATE kl_values SET f = 1 WHERE f = 'NaN'")
    stream.drain(pair.source, 10)
    assert pair.equal(["kl_values", "kl_moment"])
    assert [len(rows) for rows in pair.rows("service", ["kl_values", "kl_moment"]).values()] == [3, 2]


@only("sqlite")
def test_values_keep_their_form_whatever_their_column_is_declared_to_be(pair):
    """Django's driver would turn them into dates and booleans, and back into something else."""
    pair.everywhere("CREATE TABLE kl_values (k PRIMARY KEY NOT NULL, d datetime, b bool, n decimal, t text)")
    stream = KeylogStream(pair.flow("kl_values"))
    stream.arm()
    for key in ("1", "'1'", "1.5", "X'00ff'", "'it''s'", "9007199254740993", "1e300", "0.1"):
        pair.run(f"INSERT INTO kl_values VALUES ({key}, '2026-01-02T03:04:05.120', 2, '1.10', 7)")
        pair.run(f"UPDATE kl_values SET d = 'soon', t = X'00' WHERE k = {key} AND typeof(k) = 'text'")
    stream.drain(pair.source, 10)
    assert pair.equal(["kl_values"])
    pair.run("DELETE FROM kl_values WHERE typeof(k) <> 'text'")
    stream.drain(pair.source, 10)
    assert pair.equal(["kl_values"])
    assert len(pair.rows("service", ["kl_values"])["kl_values"]) == 2


@only("sqlite")
def test_children_stay_when_their_parent_is_written_again(pair):
    """Bringing a row over removes it first, and a foreign key may act on that."""
    pair.everywhere("CREATE TABLE kl_toy (id integer PRIMARY KEY, owner bigint REFERENCES kl_person ON DELETE CASCADE)")
    stream = KeylogStream(pair.flow("kl_person", "kl_toy"))
    stream.arm()
    pair.run(PEOPLE)
    pair.run("INSERT INTO kl_toy VALUES (1, 1)")
    stream.drain(pair.source, 10)
    pair.run("UPDATE kl_person SET code = 'x' WHERE id = 1")
    stream.drain(pair.source, 10)
    assert pair.rows("service", ["kl_toy"])["kl_toy"]
    assert pair.target.cursor().execute("PRAGMA foreign_keys").fetchone() == (1,)


@only("sqlite")
def test_two_spellings_of_one_key_are_one_row(pair):
    pair.everywhere("CREATE TABLE kl_name (name text COLLATE NOCASE PRIMARY KEY, v int)")
    stream = KeylogStream(pair.flow("kl_name"))
    stream.arm()
    pair.script("INSERT INTO kl_name VALUES ('Ann', 1); UPDATE kl_name SET name = 'ANN'; UPDATE kl_name SET v = 2")
    stream.drain(pair.source, 10)
    assert pair.equal(["kl_name"])


def test_triggers_of_the_target_change_nothing_that_arrives(armed):
    (_shouting_postgresql if armed.vendor == "postgresql" else _shouting_sqlite)(armed)
    armed.run(PEOPLE)
    armed.drain()
    assert armed.equal()
    assert armed.run("SELECT code FROM kl_person WHERE id = 1", "service") == [("a!",)]
    with pytest.raises(Exception, match="SF001|is refused here"):
        armed.run("DELETE FROM kl_person", "service")


def _shouting_postgresql(pair):
    for home in ("monolith", "service"):
        pair.run("CREATE FUNCTION kl_shout() RETURNS trigger LANGUAGE plpgsql AS"
                 " $$BEGIN NEW.code := NEW.code || '!'; RETURN NEW; END$$", home)  # fmt: skip
        pair.run("CREATE TRIGGER kl_shout BEFORE INSERT ON kl_person FOR EACH ROW EXECUTE FUNCTION kl_shout()", home)


def _shouting_sqlite(pair):
    for home in ("monolith", "service"):
        pair.run("CREATE TRIGGER kl_shout AFTER INSERT ON kl_person BEGIN"
                 " UPDATE kl_person SET code = NEW.code || '!' WHERE id = NEW.id; END", home)  # fmt: skip
