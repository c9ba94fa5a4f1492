"""Products for a platform under test, written by SQL: believable enough to be copied, listed and compared."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg

CATEGORY = uuid.UUID(int=0xC0FFEE)
_NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
_COLUMNS = {
    "catalog_category": ("id", "slug", "name", "path", "position", "is_active", "version"),
    "catalog_product": (
        "id", "slug", "name", "description", "category_id", "brand", "status", "attributes", "currency",
        "lowest_price_minor", "search_text", "version", "created_at", "updated_at",
    ),
    "catalog_variant": (
        "id", "product_id", "sku", "name", "price_minor", "currency", "barcode", "is_active", "version",
    ),
    "catalog_price_history": ("id", "variant_id", "price_minor", "currency", "actor", "valid_from"),
}  # fmt: skip


def fill(database: str, products: int) -> None:
    """Put *products* published products, with a variant and a price each, into an empty catalog."""
    rows = _rows(products)
    if database.startswith("postgres"):
        with psycopg.connect(database) as connection, connection.cursor() as cursor:
            for table, columns in _COLUMNS.items():
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
                    for row in rows[table]:
                        copy.write_row(row)
        return
    with closing(sqlite3.connect(database, timeout=20)) as file, file:
        for table, columns in _COLUMNS.items():
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            file.executemany(statement, ([_plain(value) for value in row] for row in rows[table]))


def _rows(products: int) -> dict[str, list[Sequence[Any]]]:
    made = list(_products(products))
    return {
        "catalog_category": [(CATEGORY, "lamps", "Lamps", "lamps/", 0, True, 1)],
        **{table: [row[table] for row in made] for table in list(_COLUMNS)[1:]},
    }


def _products(number: int) -> Iterator[dict[str, Sequence[Any]]]:
    rng = random.Random(number)
    for index in range(number):
        product, variant, price = (uuid.UUID(int=rng.getrandbits(128), version=4) for _ in range(3))
        name, minor = f"Lamp No. {index} äöü", rng.randrange(100, 100_000)
        slug = f"lamp-{index}"
        text = "A lamp that lights. " * 5
        color = '{"color": "red"}'
        yield {
            "catalog_product": (
                product, slug, name, text, CATEGORY, "Lux", "published", color, "USD", minor, slug, 1, _NOW, _NOW,
            ),
            "catalog_variant": (variant, product, f"SKU-{index}", "", minor, "USD", "", True, 1),
            "catalog_price_history": (price, variant, minor, "USD", "", _NOW),
        }  # fmt: skip


def _plain(value: Any) -> Any:
    """As Django keeps it in SQLite."""
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value
