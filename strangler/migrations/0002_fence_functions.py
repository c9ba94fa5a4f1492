"""Install the functions behind the fence, where the database is PostgreSQL."""

from django.db import migrations

from strangler.fence import postgresql


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql.FUNCTIONS)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql.DROP_FUNCTIONS)


class Migration(migrations.Migration):
    dependencies = [("strangler", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
