"""Which capabilities' tables a statement reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.signals import setting_changed

from strangler.boundaries.territory import bare_name, territory

if TYPE_CHECKING:
    from sqlglot import exp

_CACHED = 2048
_CACHED_LENGTH_MAX = 8_192  # characters; longer texts are bulk inserts and long lists, which differ every time
_DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite"}
_LISTS = re.compile(r"(%s|\((?:%s)(?:, %s)*\))(?:, \1)+")
_PLACEHOLDERS = re.compile(r"%(?:\(\w+\))?s")
_WORD = re.compile(r"\w+")
_PLAIN = re.compile(r"[\s(]*(SELECT|INSERT|UPDATE|DELETE|MERGE|REPLACE|TRUNCATE)\b[^;]*;?\s*\Z", re.IGNORECASE)
_NO_USE = re.compile(
    r"\s*(ALTER|ANALYZE|COMMENT|CREATE|DROP|EXPLAIN|LOCK|PRAGMA|REINDEX|RELEASE|ROLLBACK|SAVEPOINT|VACUUM)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """
    What one statement does to tables of capabilities; tables of nobody are left out.

    Attributes:
        capabilities: whose tables it reads or writes.
        written: whose tables it writes.
        tables: that it uses, sorted.
        parsed: False where its text could not be read, and *capabilities* are those whose tables it names.
    """

    capabilities: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    tables: tuple[str, ...] = ()
    parsed: bool = True


_NOTHING = Usage()


def usage_of(sql: str, vendor: str) -> Usage:
    """
    Return what *sql* does to tables of capabilities.

    Only what a look at its words cannot tell is parsed: a statement that names tables of two capabilities, a common
    table expression, several statements at once. What triggers, views and functions do, no text tells. Changes of
    the schema and locks are no use of rows.

    Args:
        vendor: `postgresql` or `sqlite`, as Django calls it.
    """
    return _remembered(sql, vendor) if len(sql) <= _CACHED_LENGTH_MAX else _shortened(sql, vendor)


def _shortened(sql: str, vendor: str) -> Usage:
    """Read one text for all lengths of an IN list or a bulk insert."""
    return _read(_LISTS.sub(r"\1", sql), _DIALECTS.get(vendor, ""))


_remembered = lru_cache(maxsize=_CACHED)(_shortened)


@lru_cache(maxsize=_CACHED)
def _read(sql: str, dialect: str) -> Usage:
    owners = territory().tables
    if _NO_USE.match(sql):
        return _NOTHING
    named = set(map(str.lower, _WORD.findall(sql))) & owners.keys()
    named |= {table for table in owners if not table.isidentifier() and table in sql.lower()}
    capabilities = frozenset(owners[table] for table in named)
    plain = _PLAIN.match(sql)
    if not named or (plain and len(capabilities) == 1):
        writes = plain and plain[1].upper() != "SELECT"
        return Usage(capabilities, capabilities if writes else frozenset(), tuple(sorted(named)))
    return _parsed(sql, dialect, owners) or Usage(capabilities, frozenset(), tuple(sorted(named)), parsed=False)


def _parsed(sql: str, dialect: str, owners: Mapping[str, str]) -> Usage | None:
    import sqlglot

    text = _PLACEHOLDERS.sub("NULL", sql).replace("%%", "%")
    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if any(tree is None or isinstance(tree, sqlglot.exp.Command) for tree in trees):
        return None
    used = {name for tree in trees if tree for name in _tables(tree)} & owners.keys()
    written = {name for tree in trees if tree for name in _targets(tree)} & used
    return Usage(frozenset(owners[t] for t in used), frozenset(owners[t] for t in written), tuple(sorted(used)))


def _tables(tree: exp.Expr) -> Iterator[str]:
    from sqlglot import exp

    return (bare_name(table.name) for table in tree.find_all(exp.Table) if not _is_expression(table))


def _targets(tree: exp.Expr) -> Iterator[str]:
    """Yield the tables that the statement, or an expression inside of it, writes."""
    from sqlglot import exp

    for node in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.TruncateTable, exp.Copy):
        if isinstance(node, exp.TruncateTable):
            targets = node.expressions
        elif isinstance(node, exp.Copy) and not node.args["kind"]:
            targets = []  # COPY TO reads
        else:
            targets = [node.this.this if isinstance(node.this, exp.Schema) else node.this]
        yield from (bare_name(target.name) for target in targets if isinstance(target, exp.Table))


def _is_expression(table: exp.Table) -> bool:
    """Tell whether the name stands for a common table expression in scope instead of a table."""
    from sqlglot import exp

    if table.db:
        return False
    inside: set[str] = set()
    node = table.parent
    while node:
        if isinstance(node, exp.CTE):
            inside.add(node.alias.lower())
        elif clause := node.args.get("with_"):
            hidden = set() if clause.recursive else inside  # in its own body the name means the table
            if table.name.lower() in {cte.alias.lower() for cte in clause.expressions} - hidden:
                return True
        node = node.parent
    return False


def _forget(*, setting: str, **_: Any) -> None:
    if setting in {"STRANGLER", "INSTALLED_APPS"}:
        _remembered.cache_clear()
        _read.cache_clear()


setting_changed.connect(_forget)
