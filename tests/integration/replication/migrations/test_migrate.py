"""`strangler migrate`: both homes get the app's migrations in the order in which nothing stops, and rows flow on."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from strangler import operations
from strangler.errors import Refused
from strangler.fence import fence_of
from strangler.models import JournalEntry
from tests.integration.replication.migrations.conftest import (
    ALIASES,
    agree,
    applied,
    both,
    columns,
    order,
    rows,
    tables,
)

ADD = "AddField('book', 'pages', models.IntegerField(null=True))"
LABELLED = "AddField('book', 'label', models.CharField(max_length=9, db_default='none'))"
REMOVE = "RemoveField('book', 'copies')"
CREATE = (
    "CreateModel('Loan', [('id', models.BigAutoField(primary_key=True)), ('who', models.TextField()),"
    " ('book', models.ForeignKey('sample.book', models.CASCADE))], options={'db_table': 'sample_loan'})"
)
CHECK = "AddConstraint('book', models.CheckConstraint(condition=models.Q(copies__gte=0), name='copies_positive'))"
INSERT = "INSERT INTO sample_book (shelf_id, title{0}) SELECT min(id), 'second'{1} FROM sample_shelf"


def run(alias, statement):
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


def homes_of(step="apply"):
    """Return the homes in the order in which a step was done in them."""
    done = JournalEntry.objects.filter(phase="done", step__startswith=f"{step}-").order_by("id")
    return [(entry.step.removeprefix(f"{step}-"), entry.data["migration"]) for entry in done]


# -- in the right order ---------------------------------------------------------------------------------------------


def test_column_that_may_be_empty_comes_first_where_the_rows_arrive(flowing, releases):
    name = releases.add(ADD)
    operations.migrate(order())
    assert homes_of() == [("service", name), ("monolith", name)]
    assert applied() == both(*releases.names)
    run("default", INSERT.format(", copies, pages", ", 1, 99"))
    assert agree("SELECT title, pages FROM sample_book") == [("first", None), ("second", 99)]


def test_column_with_a_default_of_the_database_is_equal_in_both_homes(flowing, releases):
    releases.add(LABELLED)
    operations.migrate(order())
    run("default", INSERT.format(", copies", ", 1"))
    assert agree("SELECT title, label FROM sample_book") == [("first", "none"), ("second", "none")]


def test_removed_column_goes_first_where_the_rows_come_from(flowing, releases):
    """It may not be empty in the target, which would refuse every row that comes without it: it is loosened first."""
    name = releases.add(REMOVE)
    operations.migrate(order())
    assert homes_of("loosen") == [("service", name)]
    assert homes_of() == [("monolith", name), ("service", name)]
    assert "copies" not in columns("default") | columns("sample_service")
    run("default", INSERT.format("", ""))
    assert agree("SELECT title FROM sample_book") == [("first",), ("second",)]


def test_new_table_flows_and_is_fenced(flowing, releases):
    releases.add(CREATE)
    operations.migrate(order())
    run("default", "INSERT INTO sample_loan (who, book_id) SELECT 'ann', min(id) FROM sample_book")
    assert agree("SELECT who FROM sample_loan") == [("ann",)]
    assert fence_of(flowing.service).states(["sample_loan"]) == {"sample_loan": "enabled"}
    assert fence_of(flowing.monolith).states(["sample_loan"]) == {"sample_loan": "disabled"}


def test_removed_table_goes_from_both(flowing, releases):
    releases.add(CREATE)
    operations.migrate(order())
    run("default", "INSERT INTO sample_loan (who, book_id) SELECT 'ann', min(id) FROM sample_book")
    name = releases.add("DeleteModel('Loan')")
    operations.migrate(order())
    assert homes_of()[-2:] == [("monolith", name), ("service", name)]
    assert "sample_loan" not in tables("default") | tables("sample_service")
    run("default", INSERT.format(", copies", ", 1"))
    assert agree("SELECT title FROM sample_book") == [("first",), ("second",)]


def test_constraint_comes_first_where_the_rows_come_from(flowing, releases):
    name = releases.add(CHECK)
    operations.migrate(order())
    assert homes_of() == [("monolith", name), ("service", name)]
    run("default", INSERT.format(", copies", ", 7"))
    assert agree("SELECT title, copies FROM sample_book") == [("first", 1), ("second", 7)]


def test_several_releases_each_in_its_order(flowing, releases):
    added, removed = releases.add(ADD), releases.add(REMOVE)
    operations.migrate(order())
    assert homes_of() == [("service", added), ("monolith", added), ("monolith", removed), ("service", removed)]


def test_on_the_way_back_the_service_is_where_rows_come_from(flowing, releases):
    operations.shift_writes(order())
    name = releases.add(REMOVE)
    operations.migrate(order())
    assert homes_of() == [("service", name), ("monolith", name)]
    run("sample_service", INSERT.format("", ""))
    assert agree("SELECT title FROM sample_book", "sample_service", "default") == [("first",), ("second",)]


def test_fences_stand_as_before(flowing, releases):
    """SQLite alters a table by making it anew, which takes all of its triggers away."""
    releases.add("AlterField('book', 'title', models.CharField(max_length=300))")
    operations.migrate(order())
    assert set(fence_of(flowing.service).states(["sample_book"]).values()) == {"enabled"}
    run("default", INSERT.format(", copies", ", 1"))
    assert agree("SELECT title FROM sample_book") == [("first",), ("second",)]


def test_index_is_built_while_everybody_writes(flowing, releases):
    if flowing.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time, who waits")
    add = "AddIndexConcurrently('book', models.Index(fields=['title'], name='book_by_title'))"
    name = releases.add(add, atomic=False)
    run("default", "CREATE INDEX book_by_title ON sample_book (blurb)")  # as a mover leaves it that was killed
    operations.migrate(order())
    assert homes_of() == [("service", name), ("monolith", name)]
    for alias in ALIASES:
        ((definition,),) = rows(alias, "SELECT indexdef FROM pg_indexes WHERE indexname = 'book_by_title'")
        assert "(title)" in definition


def test_dry_run_says_both_plans_in_order_and_changes_nothing(flowing, releases):
    added, removed = releases.add(ADD), releases.add(REMOVE)
    steps = operations.migrate(order(dry_run=True)).steps
    assert [step.partition(" (")[0].partition(", ")[0] for step in steps] == [
        f"apply {added} in the service",
        f"apply {added} in the monolith",
        "let book.copies be empty in the service",
        f"apply {removed} in the monolith",
        f"apply {removed} in the service",
    ]
    assert applied() == both("0001_initial")


def test_nothing_to_do_is_said(flowing):
    assert "nothing to do" in operations.migrate(order()).done


# -- every shape -----------------------------------------------------------------------------------------------------

ALLOWED = [
    "AlterField('book', 'title', models.CharField(max_length=300))",
    "AlterField('book', 'title', models.TextField())",
    "AlterField('book', 'copies', models.BigIntegerField(default=1))",
    "AlterField('book', 'copies', models.BigIntegerField(default=1, null=True))",
    "AlterField('book', 'copies', models.BigIntegerField(default=1))",
    "AlterField('book', 'blurb', models.TextField())",
    "AlterField('book', 'title', models.TextField(unique=True))",
    "AlterField('book', 'title', models.TextField())",
    "AlterField('book', 'copies', models.BigIntegerField(default=2, help_text='how many'))",
    "AddIndex('book', models.Index(fields=['title'], name='book_by_title'))",
    "RemoveIndex('book', 'book_by_title')",
    "AlterModelOptions('book', {'ordering': ['title']})",
    "AddField('shelf', 'tags', models.ManyToManyField('sample.tag', related_name='+'))",
    "AddField('book', 'other', models.ForeignKey('sample.shelf', models.CASCADE, null=True, related_name='+'))",
    "AlterUniqueTogether('book', {('shelf', 'title')})",
    "AlterUniqueTogether('book', set())",
    CHECK,
    "RemoveConstraint('book', 'copies_positive')",
    f"{CREATE}, AddConstraint('loan', models.UniqueConstraint(fields=['who'], name='one_loan'))",
]


def test_every_shape_is_applied_and_rows_flow_on(flowing, releases):
    for operation in ALLOWED:
        releases.add(operation)
    operations.migrate(order())
    assert applied() == both(*releases.names)
    run("default", INSERT.format(", copies, blurb", ", 1, 'y'"))
    assert agree("SELECT title, copies, blurb FROM sample_book") == [("first", 1, "x"), ("second", 1, "y")]
    run("default", "INSERT INTO sample_loan (who, book_id) SELECT 'ann', min(id) FROM sample_book")
    assert agree("SELECT who FROM sample_loan") == [("ann",)]


def test_every_reason_is_named_at_once(flowing, releases):
    releases.add("RunSQL('SELECT 1')")
    releases.add("RenameField('book', 'copies', 'amount')")
    with pytest.raises(Refused) as refusal:
        operations.migrate(order())
    assert len(refusal.value.reasons) == 2


def test_nothing_flows_nothing_to_order(homes, service, releases):
    releases.add(ADD)
    with pytest.raises(Refused, match="run `migrate` in each home"):
        operations.migrate(order())


def test_rows_that_do_not_allow_it_are_named_and_everything_is_put_back(flowing, releases):
    releases.add(CHECK)
    run("default", "UPDATE sample_book SET copies = -1")
    with pytest.raises(Refused, match="the rows do not allow it"):
        operations.migrate(order())
    assert applied() == both("0001_initial")
    run("default", "UPDATE sample_book SET copies = 1")
    operations.migrate(order())
    assert applied() == both(*releases.names)


# -- migrate on one home alone (R17) --------------------------------------------------------------------------------


@pytest.mark.parametrize("alias", ALIASES)
def test_one_home_alone_is_not_migrated_while_rows_flow(flowing, releases, alias):
    releases.add(ADD)
    with pytest.raises(CommandError, match="`strangler migrate sample` applies to both"):
        call_command("migrate", database=alias, verbosity=0)
    assert applied() == both("0001_initial")


def test_other_apps_are_migrated_while_rows_flow(flowing, releases):
    releases.add(ADD)
    call_command("migrate", "auth", database="default", verbosity=0)


def test_one_home_alone_is_migrated_while_nothing_flows(homes, releases):
    name = releases.add(ADD)
    call_command("migrate", database="default", verbosity=0)
    assert applied() == {"default": ["0001_initial", name], "sample_service": ["0001_initial"]}


def test_migrate_with_nothing_new_passes_while_rows_flow(flowing):
    call_command("migrate", database="sample_service", verbosity=0)
