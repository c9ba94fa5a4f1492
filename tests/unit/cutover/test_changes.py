"""What a migration does to the rows that two homes can hold: it lets them hold more, or less, or must not run now."""

from __future__ import annotations

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import connections, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from strangler.cutover.changes import Kind, NotWhileRowsFlow, kind_of

PAGES = models.IntegerField(null=True)
COUNT = models.CheckConstraint(condition=models.Q(copies__gte=0), name="count")
BY_TITLE = models.Index(fields=["title"], name="by_title")
LOAN = ops.CreateModel("Loan", [("id", models.BigAutoField(primary_key=True)), ("who", models.TextField())])


@pytest.fixture(scope="module")
def state():
    """The sample app as its migrations make it."""
    return MigrationLoader(None).project_state([("sample", "0001_initial"), ("auth", "0001_initial")])


@pytest.fixture(params=["postgresql", "sqlite"])
def connection(request):
    """Nothing is sent to it."""
    if request.param == "sqlite":
        return connections["default"]
    values = {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}
    return DatabaseWrapper(connections.configure_settings({"default": values})["default"])


def migration(*operations, atomic=True):
    made = Migration("9999", "sample")
    made.operations, made.atomic = list(operations), atomic
    return made


WIDENS = {
    "table": [LOAN],
    "empty column": [ops.AddField("book", "pages", PAGES)],
    "column with a constant": [ops.AddField("book", "n", models.IntegerField(db_default=3))],
    "wider text": [ops.AlterField("book", "title", models.CharField(max_length=201))],
    "any text": [ops.AlterField("book", "title", models.TextField())],
    "larger number": [ops.AlterField("book", "copies", models.BigIntegerField(default=1))],
    "may be empty": [ops.AlterField("book", "copies", models.IntegerField(default=1, null=True))],
    "no longer unique": [ops.AlterField("shelf", "name", models.CharField(max_length=50))],
    "constraint gone": [ops.AddConstraint("book", COUNT), ops.RemoveConstraint("book", "count")][1:],
    "constraint of a new table": [LOAN, ops.AlterUniqueTogether("loan", {("id", "who")})],
    "column of a new table": [LOAN, ops.AddField("loan", "n", models.IntegerField())],
    "only the database": [SeparateDatabaseAndState(database_operations=[ops.AddField("book", "pages", PAGES)])],
    "with an index": [ops.AddField("book", "pages", PAGES), ops.AddIndex("book", BY_TITLE)],
}
NARROWS = {
    "table gone": [ops.DeleteModel("Tag")],
    "column gone": [ops.RemoveField("book", "copies")],
    "may not be empty": [ops.AlterField("book", "blurb", models.TextField())],
    "unique": [ops.AlterField("book", "title", models.CharField(max_length=200, unique=True))],
    "constraint": [ops.AddConstraint("book", COUNT)],
    "constraint not yet valid": [AddConstraintNotValid("book", COUNT)],
    "unique together": [ops.AlterUniqueTogether("book", {("shelf", "title")})],
    "never below zero": [ops.AlterField("book", "copies", models.PositiveIntegerField(default=1))],
}
NEITHER = {
    "index": [ops.AddIndex("book", BY_TITLE)],
    "validation": [ValidateConstraint("book", "count")],
    "options": [ops.AlterModelOptions("book", {"ordering": ["title"]})],
    "help": [ops.AlterField("book", "copies", models.IntegerField(default=1, help_text="x"))],
    "default of Python": [ops.AlterField("book", "copies", models.IntegerField(default=2))],
    "nothing": [RunPython(RunPython.noop), RunSQL(RunSQL.noop)],
    "only the models": [SeparateDatabaseAndState(state_operations=[ops.DeleteModel("Tag")])],
}
REFUSED = {
    "no default": ([ops.AddField("book", "n", models.IntegerField())], "would have no value for it"),
    "default of Python": ([ops.AddField("book", "n", models.IntegerField(default=1))], "use db_default"),
    "empty text": ([ops.AddField("book", "n", models.TextField(blank=True))], "use db_default"),
    "now": ([ops.AddField("book", "n", models.DateTimeField(auto_now_add=True, null=True))], "use db_default"),
    "computed": ([ops.AddField("book", "n", models.DateTimeField(db_default=Now()))], "a constant for db_default"),
    "outside": ([ops.AddField("book", "n", models.ForeignKey("auth.user", models.CASCADE, null=True))], "auth.User"),
    "table bound to outside": (
        [ops.CreateModel("X", [("id", models.OneToOneField("auth.user", models.CASCADE, primary_key=True))])],
        "hold its id instead",
    ),
    "python": ([RunPython(lambda apps, editor: None)], "RunPython may do anything"),
    "sql": ([RunSQL("SELECT 1")], "RunSQL may do anything"),
    "hidden sql": ([SeparateDatabaseAndState(database_operations=[RunSQL("SELECT 1")])], "RunSQL may do anything"),
    "field renamed": ([ops.RenameField("book", "copies", "amount")], "set db_table or db_column to the old name"),
    "model renamed": ([ops.RenameModel("book", "Volume")], "two names while rows flow"),
    "table renamed": ([ops.AlterModelTable("book", "volume")], "two names while rows flow"),
    "column renamed": ([ops.AlterField("book", "copies", models.IntegerField(db_column="n"))], "two names"),
    "shorter": ([ops.AlterField("book", "title", models.CharField(max_length=10))], "may not fit into varchar(10)"),
    "another type": ([ops.AlterField("book", "copies", models.TextField())], "add a new field, fill it"),
    "key": ([ops.AlterField("book", "id", models.AutoField(primary_key=True))], "the primary key"),
    "another relation": ([ops.AlterField("book", "shelf", models.ForeignKey("sample.tag", models.CASCADE))], "another"),
    "relation to many": ([ops.AlterField("book", "tags", models.ManyToManyField("sample.shelf"))], "add a new field"),
    "order": ([ops.AlterOrderWithRespectTo("book", "shelf")], "an integer field of your own"),
    "both": ([ops.AddField("book", "n", PAGES), ops.RemoveField("book", "copies")], "split the migration in two"),
    "both in one field": (
        [ops.AlterField("book", "blurb", models.CharField(max_length=3))], "may not fit into varchar(3)",
    ),
    "unknown": (
        [type("Invented", (ops.base.Operation,), {"state_forwards": lambda *_: None})()], "knows what Invented",
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", WIDENS)
def test_lets_the_tables_hold_more(state, connection, shape):
    before = state
    if shape == "constraint gone":
        before = state.clone()
        ops.AddConstraint("book", COUNT).state_forwards("sample", before)
    assert kind_of(migration(*WIDENS[shape]), before, connection) is Kind.WIDENS


@pytest.mark.parametrize("shape", NARROWS)
def test_lets_the_tables_hold_less(state, connection, shape):
    assert kind_of(migration(*NARROWS[shape]), state, connection) is Kind.NARROWS


@pytest.mark.parametrize("shape", NEITHER)
def test_changes_no_rows(state, connection, shape):
    assert kind_of(migration(*NEITHER[shape]), state, connection) is Kind.NEITHER


@pytest.mark.parametrize("shape", REFUSED)
def test_is_refused_with_what_to_do_instead(state, connection, shape):
    operations, reason = REFUSED[shape]
    if connection.vendor == "sqlite" and shape == "key":
        pytest.skip("SQLite has one kind of integer key")
    with pytest.raises(NotWhileRowsFlow, match=".") as refusal:
        kind_of(migration(*operations), state, connection)
    assert reason in str(refusal.value)


def test_what_could_be_applied_by_half_is_refused(state, connection):
    assert kind_of(migration(AddIndexConcurrently("book", BY_TITLE), atomic=False), state, connection) is Kind.NEITHER
    with pytest.raises(NotWhileRowsFlow, match="make it atomic"):
        kind_of(migration(ops.AddField("book", "n", PAGES), atomic=False), state, connection)
