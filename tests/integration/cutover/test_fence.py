"""The databases refuse every writer of a home that does not own the rows, whatever way it comes."""

import contextlib
import threading

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction

from strangler.fence import Moved, assert_owner, fence_of, observe, owner_of, owning, tables_of
from strangler.state import read_ownership
from tests.sample.models import Book, Shelf, Tag

pytestmark = pytest.mark.usefixtures("homes")


@pytest.fixture
def moved(homes):
    """The monolith after its rows have moved: its row names the service, its fence is enabled."""
    shelf = Shelf.objects.create(name="kept")
    book = Book.objects.create(shelf=shelf, title="kept")
    book.tags.add(Tag.objects.create(name="kept"))
    give_to_service(homes)
    return shelf


def give_to_service(homes):
    with transaction.atomic():
        with homes.monolith.cursor() as cursor:
            cursor.execute("UPDATE strangler_ownership SET owner = 'service', epoch = 7 WHERE capability = 'sample'")
        fence_of(homes.monolith).enable("sample", tables_of("sample"))


WRITES = {
    "insert": lambda shelf: Shelf.objects.create(name="new"),
    "update": lambda shelf: Shelf.objects.update(name="changed"),
    "delete": lambda shelf: Book.objects.all().delete(),
    "bulk": lambda shelf: Shelf.objects.bulk_create([Shelf(name="a"), Shelf(name="b")]),
    "relation": lambda shelf: Book.objects.get().tags.clear(),
    "raw": lambda shelf: connections["default"].cursor().execute("DELETE FROM sample_book_tags"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_write_is_refused_and_names_the_owner(moved, write):
    with pytest.raises(Moved) as refusal:
        write(moved)
    assert (refusal.value.capability, refusal.value.owner, refusal.value.epoch) == ("sample", "service", 7)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_same_write_passes_when_the_fence_is_taken_out(homes, moved, write):
    """The control: it is the fence that refuses, nothing else."""
    with transaction.atomic():
        fence_of(homes.monolith).remove(tables_of("sample"))
    write(moved)


def test_reads_go_on(moved):
    assert Book.objects.get().tags.get().name == "kept"


def test_a_new_service_starts_fenced(homes):
    with pytest.raises(Moved, match="belongs to the monolith"):
        Shelf.objects.using("sample_service").create(name="x")


def test_a_table_that_a_migration_adds_is_fenced_as_well(homes):
    from strangler.fence import after_migrate

    with transaction.atomic(using="sample_service"):
        fence_of(homes.service).remove(["sample_tag"])
    after_migrate(using="sample_service")
    with pytest.raises(Moved):
        Tag.objects.using("sample_service").create(name="x")


def test_owning_admits_the_owner_and_refuses_the_other(homes, moved):
    with pytest.raises(Moved), owning("sample"):
        pytest.fail("the block of a home that does not own was entered")


def test_assertion_needs_a_transaction(homes):
    with pytest.raises(transaction.TransactionManagementError):
        assert_owner("sample")


# -- PostgreSQL only: ways that exist only there ------------------------------------------------------------------


@pytest.fixture
def raw(homes):
    if homes.vendor != "postgresql":
        pytest.skip("this way of writing exists on PostgreSQL only")
    with psycopg.connect(homes.dsn["monolith"], autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE sample_shelf CASCADE",
        "UPDATE sample_shelf SET name = 'x' WHERE false",
        "COPY sample_tag (name) FROM STDIN",
        "MERGE INTO sample_tag t USING (VALUES (1)) v(i) ON false WHEN NOT MATCHED THEN INSERT (name) VALUES ('x')",
        "WITH gone AS (DELETE FROM sample_book RETURNING 1) SELECT count(*) FROM gone",
    ],
)
def test_raw_sql_is_refused(raw, moved, statement):
    with pytest.raises(psycopg.Error) as refusal, raw.cursor() as cursor:
        if statement.startswith("COPY"):
            with cursor.copy(statement) as copy:
                copy.write("x\n")
        else:
            cursor.execute(statement)
    assert refusal.value.sqlstate == "SF001"
    assert "belongs to the service since epoch 7" in str(refusal.value)


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_begun_before_the_switch_is_refused(homes, raw, isolation):
    """Its snapshot still shows the monolith as owner, so a fence that looked at the row would admit it (R3)."""
    raw.autocommit = False
    raw.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
    assert raw.execute("SELECT owner FROM strangler_ownership").fetchone() == ("monolith",)
    give_to_service(homes)
    with pytest.raises(psycopg.Error) as refusal:
        raw.execute("INSERT INTO sample_tag (name) VALUES ('late')")
    assert refusal.value.sqlstate == "SF001"
    assert "belongs to the service since epoch 7" in str(refusal.value)


def test_an_outdated_snapshot_cannot_assert_ownership(homes, raw):
    raw.autocommit = False
    raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    raw.execute("SELECT 1 FROM strangler_ownership")
    give_to_service(homes)
    with pytest.raises(psycopg.errors.SerializationFailure):
        raw.execute("SELECT strangler_assert_owner('sample', 'monolith')")


def test_a_partition_is_fenced_itself(homes, raw):
    raw.execute("CREATE TABLE sample_part (id int) PARTITION BY RANGE (id)")
    raw.execute("CREATE TABLE sample_part_1 PARTITION OF sample_part FOR VALUES FROM (1) TO (10)")
    with transaction.atomic():
        fence_of(homes.monolith).enable("sample", ["sample_part"])
    with pytest.raises(psycopg.Error) as refusal:
        raw.execute("INSERT INTO sample_part_1 VALUES (1)")
    assert refusal.value.sqlstate == "SF001"


def test_a_switch_waits_for_a_writer_that_has_asserted(homes, raw):
    """Without the shared lock, the flip would commit while the writer still answers from its transaction (R2)."""
    raw.autocommit = False
    raw.execute("SELECT strangler_assert_owner('sample', 'monolith')")
    flipped = threading.Event()

    def flip():
        try:
            with transaction.atomic():
                fence_of(homes.monolith).lock_out_writers("sample")
            flipped.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=flip)
    thread.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(homes.dsn["monolith"], autocommit=True) as watcher:
        while watcher.execute(waiting).fetchone() == (0,):
            assert not flipped.is_set()
    raw.commit()
    thread.join(10)
    assert flipped.is_set()


# -- observation ---------------------------------------------------------------------------------------------------


def test_a_swallowed_refusal_is_remembered(moved):
    with observe("sample", epoch=1) as observation, contextlib.suppress(Exception):  # what careless code does
        Shelf.objects.create(name="x")
    assert observation.moved
    assert observation.moved.epoch == 7


def test_ownership_is_asserted_before_the_first_statement_of_a_transaction(moved):
    """A stale home must not answer 'not found' or 'conflict' from its old copy (R2)."""
    with observe("sample", epoch=1), pytest.raises(Moved), transaction.atomic():
        Shelf.objects.filter(name="created in the service").exists()


def test_an_answer_without_a_transaction_is_confirmed_afterwards(homes, moved):
    with observe("sample", epoch=1) as observation:
        Shelf.objects.filter(name="created in the service").exists()
        with pytest.raises(Moved):
            observation.confirm()


def test_an_answer_is_not_confirmed_when_the_epoch_has_changed_underneath(homes):
    with observe("sample", epoch=owner_of("sample").epoch - 1) as observation, pytest.raises(Moved):
        observation.confirm()


def test_a_committed_write_is_not_clean(homes):
    with observe("sample", epoch=1) as observation:
        with transaction.atomic():
            Shelf.objects.create(name="x")
            assert observation.clean
        assert not observation.clean
        observation.confirm()


def test_a_write_outside_a_transaction_is_not_clean(homes):
    with observe("sample", epoch=1) as observation:
        Shelf.objects.create(name="x")
    assert not observation.clean


def test_a_rolled_back_write_is_clean(homes):
    with observe("sample", epoch=1) as observation:
        with pytest.raises(IntegrityError), transaction.atomic():
            Shelf.objects.create(name="x")
            Shelf.objects.create(name="x")
        assert observation.clean


def test_a_rollback_to_a_savepoint_asserts_again(homes):
    """PostgreSQL releases locks taken since the savepoint, so the assertion would be gone with it."""
    with observe("sample", epoch=1) as observation, transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic():
            Shelf.objects.create(name="x")
            Shelf.objects.create(name="x")
        Shelf.objects.count()
        assert any(entry[1] == observation._committed for entry in connections["default"].run_on_commit)


def test_other_errors_stay_what_they_are(homes):
    with observe("sample", epoch=1), pytest.raises(DatabaseError), transaction.atomic():
        connections["default"].cursor().execute("SELECT * FROM nowhere")


def test_the_row_is_missing_until_migrated(homes):
    from strangler.errors import SetupError

    with homes.monolith.cursor() as cursor:
        cursor.execute("DELETE FROM strangler_ownership")
    with pytest.raises(SetupError, match="run `migrate`"):
        read_ownership(homes.monolith, "sample")
