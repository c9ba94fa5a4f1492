"""Keep a copy of rows as files, before they are removed for good."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.columns import columns_of, quoted_columns

MANIFEST = "manifest.json"
_BATCH_ROWS = 5_000


def archive(connection: BaseDatabaseWrapper, tables: Sequence[str], folder: Path) -> dict[str, int]:
    """
    Write each table to `<table>.csv.gz` in *folder*, with a manifest of columns, rows and SHA-256 of each file.

    NULL is written as `\\N`, bytes as hexadecimal digits. The folder appears when everything is in it; a repeat finds
    it and writes nothing.

    Returns:
        The number of rows per table.
    """
    if not (folder / MANIFEST).exists():
        fresh = folder.with_name(folder.name + ".part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        manifest = {table: _write(connection, table, fresh / f"{table}.csv.gz") for table in tables}
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1))
        fresh.replace(folder)
    found = json.loads((folder / MANIFEST).read_text())
    return {table: entry["rows"] for table, entry in found.items()}


def _write(connection: BaseDatabaseWrapper, table: str, file: Path) -> dict[str, Any]:
    columns = columns_of(connection, table)
    with gzip.open(file, "wt", encoding="utf-8", newline="") as out:
        rows = _write_rows(out, list(columns), _rows_of(connection, table))
    return {"columns": columns, "rows": rows, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def _write_rows(out: TextIO, header: list[str], rows: Iterator[tuple[Any, ...]]) -> int:
    writer = csv.writer(out)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([_text(value) for value in row])
        count += 1
    return count


def _rows_of(connection: BaseDatabaseWrapper, table: str) -> Iterator[tuple[Any, ...]]:
    columns, name = quoted_columns(connection, table), connection.ops.quote_name(table)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {name}")
        while batch := cursor.fetchmany(_BATCH_ROWS):
            yield from batch


def _text(value: Any) -> Any:
    if value is None:
        return r"\N"
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value
