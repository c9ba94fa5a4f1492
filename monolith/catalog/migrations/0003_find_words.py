"""What PostgreSQL needs to find words quickly; SQLite looks at the words themselves (ADR 0017)."""

from __future__ import annotations

from typing import Any

from django.core.management import CommandError
from django.db import DatabaseError, migrations

# No parser, no dictionary: every stored word becomes one lexeme, weighted by where it stands. Positions are not used.
VECTOR = r"""
ALTER TABLE catalog_product ADD COLUMN search_vector tsvector NOT NULL GENERATED ALWAYS AS ((
    regexp_replace(search_name, '(\S+)', '''\1'':1A', 'g') || ' ' ||
    regexp_replace(search_brand, '(\S+)', '''\1'':2B', 'g') || ' ' ||
    regexp_replace(search_text, '(\S+)', '''\1'':3C', 'g')
)::tsvector) STORED
"""
INDEXES = (
    "CREATE INDEX catalog_product_search ON catalog_product USING gin (search_vector)",
    "CREATE INDEX catalog_search_word_similar ON catalog_search_word USING gin (word gin_trgm_ops)",
)
UNDO = (
    "DROP INDEX catalog_search_word_similar",
    "DROP INDEX catalog_product_search",
    "ALTER TABLE catalog_product DROP COLUMN search_vector",
)
EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"


def add(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        schema_editor.execute(EXTENSION)
    except DatabaseError as error:
        raise CommandError(_missing(schema_editor.connection, error)) from error
    for statement in (VECTOR, *INDEXES):
        schema_editor.execute(statement)


def remove(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in UNDO:
            schema_editor.execute(statement)


def _missing(connection: Any, error: DatabaseError) -> str:
    settings = connection.settings_dict
    return (
        f"The catalog's search needs the extension pg_trgm in the database {settings['NAME']!r}, and "
        f"{settings['USER'] or 'this role'!r} cannot create it ({str(error).strip()}). It comes with PostgreSQL's contrib "
        f"modules; have somebody who may run there: {EXTENSION};"
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_media_dims_and_search")]

    operations = [migrations.RunPython(add, remove)]
