"""A ForeignKey becomes a `Reference` without touching rows, as docs/boundaries.md says."""

import pytest
from django.db import connections, migrations, models
from django.db.migrations.state import ProjectState

from strangler.boundaries import Reference

pytestmark = pytest.mark.usefixtures("homes")

BEFORE = [
    migrations.CreateModel("Product", [("id", models.UUIDField(primary_key=True))]),
    migrations.CreateModel(
        "Line",
        [
            ("id", models.BigAutoField(primary_key=True)),
            ("product", models.ForeignKey("shop.Product", models.CASCADE)),
        ],
    ),
]
RECIPE = [
    migrations.AlterField("Line", "product", Reference("catalog.Product", db_column="product_id")),
    migrations.RenameField("Line", "product", "product_id"),
    migrations.AlterField("Line", "product_id", Reference("catalog.Product")),
]
ID = "00000000-0000-0000-0000-000000000007"


def migrate(connection, state, operations):
    for operation in operations:
        before = state.clone()
        operation.state_forwards("shop", state)
        with connection.schema_editor() as editor:
            operation.database_forwards("shop", editor, before, state)
    return state


def constraints(connection):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "shop_line").values()
    return {
        kind: [c["columns"] for c in found if c[kind] and not c["primary_key"]] for kind in ("foreign_key", "index")
    }


def test_a_foreign_key_becomes_a_reference_and_rows_stay():
    connection = connections["default"]
    state = migrate(connection, ProjectState(), BEFORE)
    product = state.apps.get_model("shop", "Product").objects.create(id=ID)
    state.apps.get_model("shop", "Line").objects.create(product=product)
    assert constraints(connection)["foreign_key"] == [["product_id"]]

    state = migrate(connection, state, RECIPE)

    assert constraints(connection) == {"foreign_key": [], "index": [["product_id"]]}
    state.apps.get_model("shop", "Product").objects.all().delete()
    (line,) = state.apps.get_model("shop", "Line").objects.all()
    assert str(line.product_id) == ID
