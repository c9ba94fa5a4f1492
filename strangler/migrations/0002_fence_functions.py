"""Install the functions behind the fence, where the database is PostgreSQL."""

from django.apps.registry import Apps as StateApps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from strangler.fence import postgresql


def install(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql.FUNCTIONS, params=None)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql.DROP_FUNCTIONS, params=None)


class Migration(migrations.Migration):
    dependencies = [("strangler", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
