"""The triggers that note the keys of changed rows, at the source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.replication.keylog.log import WHOLE
from strangler.replication.keylog.tables import Table
from strangler.state.connection import now_sql

NAME = "strangler_keylog"
_LOCK_MS = 50
_IDLE_MS = 1_000
_TRUNCATE = f"{NAME}_truncate"


class Triggers(ABC):
    """Those of one capability in one database."""

    def __init__(self, connection: BaseDatabaseWrapper, capability: str) -> None:
        self.connection = connection
        self.quote = connection.ops.quote_name
        self.capability = capability

    @abstractmethod
    def install(self, table: Table) -> bool:
        """Let *table* log from the commit of the caller's transaction on; return whether it did not before."""

    @abstractmethod
    def remove(self, table: str) -> None:
        """Let *table* log no more, in the caller's transaction."""

    @abstractmethod
    def armed(self) -> list[str]:
        """Return the tables that log for the capability, whatever else they are."""

    @contextmanager
    def briefly(self) -> Iterator[None]:
        """Run a block as a transaction that stands in nobody's way for long (R16)."""
        with transaction.atomic(using=self.connection.alias):
            if self.connection.vendor == "postgresql":
                self._run(
                    f"SET LOCAL lock_timeout = {_LOCK_MS}; SET LOCAL idle_in_transaction_session_timeout = {_IDLE_MS}"
                )
            yield

    def _run(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def _entry(self, table: str) -> str:
        """Return what logs a key that follows it."""
        values = f"{_literals(self.capability, table)}, {now_sql(self.connection)}"
        return f'INSERT INTO strangler_changed_key (capability, "table", at, key) SELECT {values}'


def triggers_of(connection: BaseDatabaseWrapper, capability: str) -> Triggers:
    """Return the triggers as the database of *connection* understands them."""
    return (PostgreSQLTriggers if connection.vendor == "postgresql" else SQLiteTriggers)(connection, capability)


class PostgreSQLTriggers(Triggers):
    """A row trigger per table, which its partitions inherit, and one per table and partition that sees TRUNCATE."""

    def install(self, table: Table) -> bool:
        """Write the function anew, which locks nothing, and make the triggers that are missing."""
        family = self._family(table.name)
        function = f"{NAME}_{family[0][0]}"
        self._run(self._function(function, table))
        present = self._present(function)
        name = self.quote(table.name)
        calls = f"EXECUTE FUNCTION {function}({_literals(self.capability)})"
        if is_new := (family[0][0], NAME) not in present:
            self._run(
                f"CREATE OR REPLACE TRIGGER {NAME} AFTER INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW {calls}"
            )
        for oid, relation in family:
            if (oid, _TRUNCATE) not in present:
                self._run(f"CREATE OR REPLACE TRIGGER {_TRUNCATE} AFTER TRUNCATE ON {relation} {calls}")
        return is_new

    def remove(self, table: str) -> None:
        """Drop the function, and every trigger that calls it."""
        self._run(f"DROP FUNCTION IF EXISTS {NAME}_{self._family(table)[0][0]}() CASCADE")

    def armed(self) -> list[str]:
        """Ask for triggers with the capability's name; those of partitions belong to their table."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE t.tgname = %s AND t.tgargs = %s AND t.tgparentid = 0 ORDER BY 1",
                [NAME, self.capability.encode() + b"\0"],
            )
            return [name for (name,) in cursor.fetchall()]

    def _family(self, table: str) -> list[tuple[int, str]]:
        """Return number and quoted name of a table and its partitions."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE tree(oid, depth) AS (SELECT %s::regclass::oid, 0"
                " UNION SELECT c.oid, depth + 1 FROM pg_inherits JOIN tree ON inhparent = tree.oid"
                " JOIN pg_class c ON c.oid = inhrelid AND c.relispartition)"
                " SELECT oid, oid::regclass::text FROM tree ORDER BY depth, 1",
                [self.quote(table)],
            )
            return list(cursor.fetchall())

    def _present(self, function: str) -> set[tuple[int, str]]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT tgrelid, tgname FROM pg_trigger WHERE tgfoid = to_regproc(%s)", [function])
            return set(cursor.fetchall())

    def _function(self, name: str, table: Table) -> str:
        """Return the statement that makes a table's function, which runs as its owner, whoever writes the row."""
        entry, old, new = self._entry(table.name), self._key("OLD", table), self._key("NEW", table)
        differs = " OR ".join(f"OLD.{self.quote(c)} IS DISTINCT FROM NEW.{self.quote(c)}" for c in table.key)
        body = (
            f"BEGIN IF TG_OP = 'TRUNCATE' THEN {entry}, '{WHOLE}'; RETURN NULL; END IF;"
            f" IF TG_OP <> 'DELETE' THEN {entry}, {new}; END IF;"
            f" IF TG_OP = 'DELETE' THEN {entry}, {old};"
            f" ELSIF TG_OP = 'UPDATE' THEN IF {differs} THEN {entry}, {old}; END IF; END IF;"
            " RETURN NULL; END"
        )
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
            f" SET search_path FROM CURRENT AS {_literals(body)}"
        )

    def _key(self, row: str, table: Table) -> str:
        """Return the key as text that means the same in a session with other settings."""
        parts = []
        for column, type_ in zip(table.key, table.types, strict=True):
            value = f"{row}.{self.quote(column)}"
            parts.append(
                f"to_json({value}) #>> '{{}}'" if type_.startswith(("date", "timestamp")) else f"{value}::text"
            )
        return f"json_build_array({', '.join(parts)})::text"


class SQLiteTriggers(Triggers):
    """Row triggers; keys are written as literals, which tell a text from a number."""

    def install(self, table: Table) -> bool:
        """Make the triggers, unless they are there as they must be."""
        statements = dict(self._statements(table))
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name LIKE %s",
                [table.name, f"{NAME}%"],
            )
            if dict(cursor.fetchall()) == statements:
                return False
        self.remove(table.name)
        for statement in statements.values():
            self._run(statement)
        return True

    def remove(self, table: str) -> None:
        """Drop the triggers that stand on the table."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name LIKE %s",
                [table, f"{NAME}%"],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {self.quote(name)}")

    def armed(self) -> list[str]:
        """Ask for triggers with the capability's name."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
                " AND instr(sql, %s) > 0 ORDER BY 1",
                [f"{NAME}%", f"SELECT {_literals(self.capability)}, "],
            )
            return [name for (name,) in cursor.fetchall()]

    def _statements(self, table: Table) -> Iterator[tuple[str, str]]:
        entry, old, new = self._entry(table.name), self._key("OLD", table), self._key("NEW", table)
        differs = " OR ".join(f"OLD.{self.quote(c)} IS NOT NEW.{self.quote(c)}" for c in table.key)
        if replaced := list(self._replaced(table)):
            itself = " AND ".join(f"o.{self.quote(c)} IS OLD.{self.quote(c)}" for c in table.key)
            yield self._trigger(table, "BEFORE", "INSERT", "; ".join(replaced) + ";")
            others = (f"{statement} AND NOT ({itself});" for statement in replaced)
            yield self._trigger(table, "BEFORE", "UPDATE", " ".join(others))
        yield self._trigger(table, "AFTER", "INSERT", f"{entry}, {new};")
        yield self._trigger(table, "AFTER", "UPDATE", f"{entry}, {new}; {entry}, {old} WHERE {differs};")
        yield self._trigger(table, "AFTER", "DELETE", f"{entry}, {old};")

    def _trigger(self, table: Table, moment: str, event: str, body: str) -> tuple[str, str]:
        name = f"{NAME}_{moment.lower()}_{event.lower()}_{table.name}"
        return name, (
            f"CREATE TRIGGER {self.quote(name)} {moment} {event} ON {self.quote(table.name)} BEGIN {body} END"
        )

    def _replaced(self, table: Table) -> Iterator[str]:
        """
        Yield what logs the rows with which a new one collides: INSERT OR REPLACE removes them without a trigger.

        A collision over an expression is not seen; whoever both indexes one and replaces rows finds it by `verify`.
        """
        entry, name = self._entry(table.name), self.quote(table.name)
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pragma_index_list(%s) WHERE \"unique\" AND origin <> 'pk'", [table.name])
            for (index,) in cursor.fetchall():
                cursor.execute("SELECT name FROM pragma_index_info(%s)", [index])
                columns = [column for (column,) in cursor.fetchall()]
                if None not in columns:
                    same = " AND ".join(f"o.{self.quote(c)} = NEW.{self.quote(c)}" for c in columns)
                    yield f"{entry}, {self._key('o', table)} FROM {name} o WHERE {same}"

    def _key(self, row: str, table: Table) -> str:
        return f"json_array({', '.join(f'quote({row}.{self.quote(c)})' for c in table.key)})"


def _literals(*texts: str) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
