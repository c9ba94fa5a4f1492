"""The fence on PostgreSQL: one statement trigger per table, disabled or enabled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.state import Owned, read_ownership

LOCK_CLASS = 0x53F0
TRIGGER = "strangler_fence"

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION strangler_refuse(cap text, holder text, since bigint, op text, tab text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  RAISE EXCEPTION '% belongs to the % since epoch %: % on % is refused here', cap, holder, since, op, tab
    USING ERRCODE = 'SF001',
          DETAIL = json_build_object('capability', cap, 'owner', holder, 'epoch', since)::text,
          HINT = 'Write through the router, which sends writes to the owner.';
END $$;

-- The trigger says itself who owns: a transaction with one snapshot for all would read an old ownership row (R3).
CREATE OR REPLACE FUNCTION strangler_fence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM strangler_refuse(TG_ARGV[0], TG_ARGV[1], TG_ARGV[2]::bigint, TG_OP, TG_TABLE_NAME::text);
  RETURN NULL;
END $$;

-- Every statement of a VOLATILE function sees what was committed before it began, so the row is read as it is
-- once the lock is held; in a transaction with one snapshot for all, the row lock fails if it is outdated.
CREATE OR REPLACE FUNCTION strangler_assert_owner(cap text, home text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE held record;
BEGIN
  PERFORM pg_advisory_xact_lock_shared({LOCK_CLASS}, hashtext(cap));
  IF current_setting('transaction_isolation') = 'read committed' THEN
    SELECT owner, epoch INTO held FROM strangler_ownership WHERE capability = cap;
  ELSE
    SELECT owner, epoch INTO held FROM strangler_ownership WHERE capability = cap FOR SHARE;
  END IF;
  IF held.owner IS DISTINCT FROM home THEN
    PERFORM strangler_refuse(cap, held.owner, held.epoch, 'a write', cap);
  END IF;
  RETURN held.epoch;
END $$;
"""
_TREE = """
WITH RECURSIVE tree(oid) AS (
  SELECT c.oid FROM pg_class c WHERE c.oid = ANY(%s::regclass[])
  UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid)
"""
_STATES = {None: "absent", "D": "disabled"}
DROP_FUNCTIONS = """
DROP FUNCTION IF EXISTS strangler_fence() CASCADE;
DROP FUNCTION IF EXISTS strangler_assert_owner(text, text);
DROP FUNCTION IF EXISTS strangler_refuse(text, text, bigint, text, text);
"""


class PostgreSQLFence:
    """Triggers of one database; all calls belong into the caller's transaction."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.quote = connection.ops.quote_name

    def assert_owner(self, capability: str, home: str) -> int:
        """Assert ownership until the transaction ends, and return the epoch (R2)."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT strangler_assert_owner(%s, %s)", [capability, home])
            epoch: int = cursor.fetchone()[0]
        return epoch

    def keep_vacuum_out(self, tables: Sequence[str]) -> None:
        """
        Wait until no vacuum works on the tables, and let none begin until this transaction ends.

        Writers pass meanwhile. A vacuum that is in the way ends itself, but only for who waits longer than
        `deadlock_timeout`, which no lock that keeps writers out may do.
        """
        self._lock(tables, "SHARE UPDATE EXCLUSIVE")

    def lock_out_writers(self, capability: str, tables: Sequence[str] = ()) -> None:
        """Wait for every transaction that asserted ownership or wrote, and keep new ones out until this one ends."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, hashtext(%s))", [capability])
        self._lock(tables, "SHARE ROW EXCLUSIVE")

    def _lock(self, tables: Sequence[str], mode: str) -> None:
        if tables:
            self._run([f"LOCK TABLE {', '.join(self.quote(t) for t in tables)} IN {mode} MODE"])

    def with_children(self, tables: Sequence[str]) -> list[str]:
        """Return *tables* and every partition or inheriting table below them: each needs its own trigger (R3)."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"{_TREE} SELECT DISTINCT c.relname FROM tree JOIN pg_class c USING (oid) ORDER BY 1",
                [[self.quote(t) for t in tables]],
            )
            return [row[0] for row in cursor.fetchall()]

    def states(self, tables: Sequence[str]) -> dict[str, str]:
        """Return `enabled`, `disabled` or `absent` per table, children included."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"{_TREE} SELECT DISTINCT c.relname, t.tgenabled FROM pg_class c JOIN tree USING (oid)"
                " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = %s ORDER BY 1",
                [[self.quote(t) for t in tables], TRIGGER],
            )
            return {name: _STATES.get(_text(mode), "enabled") for name, mode in cursor.fetchall()}

    def install(self, capability: str, tables: Sequence[str]) -> None:
        """Put a disabled trigger on every table that has none."""
        owned = read_ownership(self.connection, capability)
        missing = [table for table, state in self.states(tables).items() if state == "absent"]
        self._run(
            f"{self._trigger(table, capability, owned)}; ALTER TABLE {self.quote(table)} DISABLE TRIGGER {TRIGGER}"
            for table in missing
        )

    def enable(self, capability: str, tables: Sequence[str]) -> None:
        """
        Refuse writes from the commit on, children included; takes SHARE ROW EXCLUSIVE locks.

        Call it after the ownership row has been set: the refusals name its owner.
        """
        self.enabling(capability, tables, read_ownership(self.connection, capability))()

    def enabling(self, capability: str, tables: Sequence[str], owned: Owned) -> Callable[[], None]:
        """Return what does as `enable` in one statement, once the row says *owned*; no partition may come before."""
        statements = [self._trigger(table, capability, owned) for table in self.with_children(tables)]
        return lambda: self._run(statements)

    def _trigger(self, table: str, capability: str, owned: Owned) -> str:
        """Return the statement that makes or replaces a table's trigger; it is enabled afterwards."""
        return (
            f"CREATE OR REPLACE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {self.quote(table)}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION"
            f" strangler_fence({_literal(capability)}, {_literal(owned.owner)}, '{owned.epoch}')"
        )

    def disable(self, tables: Sequence[str]) -> None:
        """Admit writes from the commit on."""
        self.disabling(tables)()

    def disabling(self, tables: Sequence[str]) -> Callable[[], None]:
        """Return what does as `disable` in one statement; no fence may be enabled before."""
        statements = [
            f"ALTER TABLE {self.quote(table)} DISABLE TRIGGER {TRIGGER}"
            for table, state in self.states(tables).items()
            if state == "enabled"
        ]
        return lambda: self._run(statements)

    def remove(self, tables: Sequence[str]) -> None:
        """Leave no trigger behind."""
        self._run(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {self.quote(t)}" for t in self.with_children(tables))

    def _run(self, statements: Iterable[str]) -> None:
        batch = ";\n".join(statements)
        if batch:
            with self.connection.cursor() as cursor:
                cursor.execute(batch)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
