"""Rows between two PostgreSQL servers, by COPY."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from psycopg import sql

from strangler.replication.keylog.rows import Report, Rows

BUFFERED_KEYS = 20_000
"""Rows up to this number are read before the first is written, so that the target never waits for the source."""
_PIECE_BYTES = 1 << 17


class PostgreSQLRows(Rows):
    """COPY out of the source and into the target."""

    def delete(self, keys: Collection[str] | None) -> None:
        """Leave children alone that inherit from the table: they are tables of their own."""
        statement: sql.Composable = sql.SQL(f"DELETE FROM {self.table.rows} AS t")
        if keys is not None:
            statement = sql.SQL("{} WHERE {}").format(statement, self._among(keys))
        self.target.connection.cursor().execute(statement)

    def bring(self, keys: Collection[str] | None, report: Report) -> None:
        """Pipe; a small number of rows is read to its end before."""
        query: sql.Composable = sql.SQL(f"SELECT {', '.join(self.columns)} FROM {self.table.rows} AS t")
        if keys is not None:
            query = sql.SQL("{} WHERE {}").format(query, self._among(keys))
        how = sql.SQL("(FORMAT {})".format("BINARY" if self.table.binary else "TEXT"))
        pieces = self._read(sql.SQL("COPY ({}) TO STDOUT {}").format(query, how), report)
        if keys is not None and len(keys) <= BUFFERED_KEYS:
            pieces = iter(list(pieces))
        into = sql.SQL(f"COPY {self.name} ({', '.join(self.columns)}) FROM STDIN ")
        with self.target.connection.cursor() as cursor, cursor.copy(into + how) as incoming:
            for piece in pieces:
                incoming.write(piece)

    def _read(self, statement: sql.Composable, report: Report) -> Iterator[bytes]:
        piece, rows = bytearray(), 0
        with self.source.connection.cursor() as cursor, cursor.copy(statement) as outgoing:
            for row in outgoing:
                piece += row
                rows += 1
                if len(piece) >= _PIECE_BYTES:
                    yield bytes(piece)
                    piece.clear()
                    report(rows)
        yield bytes(piece)

    def _among(self, keys: Collection[str]) -> sql.Composable:
        """Return the condition that a row has one of *keys*; they are unpacked where its types are known."""
        quote = self.target.ops.quote_name
        row = ", ".join(f"t.{quote(column)}" for column in self.table.key)
        values = ", ".join(f"(k ->> {place})::{type_}" for place, type_ in enumerate(self.table.types))
        return sql.SQL(f"({row}) IN (SELECT {values} FROM unnest({{}}::json[]) AS k)").format(sql.Literal(list(keys)))
