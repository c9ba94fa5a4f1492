"""
A search as a condition on products: PostgreSQL answers by its full text index, SQLite by looking at the words.

Both compare the same stored words, so that they find the same products (ADR 0017).
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import Any

from django.db import connections
from django.db.models import BooleanField, Case, F, Func, IntegerField, Q, QuerySet, Value, When

from monolith.catalog.search.query import Clause, Query, Term

# Where a word is looked for: weights of the vector in PostgreSQL, columns elsewhere.
NAME, NAME_OR_BRAND, ANYWHERE = "A", "AB", ""
_COLUMNS = {
    NAME: ("search_name",),
    NAME_OR_BRAND: ("search_name", "search_brand"),
    ANYWHERE: ("search_text",),
}
_NOTHING = Q(pk__in=[])


def matching(rows: QuerySet[Any], query: Query, *, where: str = ANYWHERE) -> QuerySet[Any]:
    """Return the products among *rows* that *query* finds."""
    return rows.filter(_condition(query, where, _vendor(rows)))


def ranked(rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
    """
    Annotate `rank`, from 0 for the most to 3 for the least relevant; it is a whole number, for cursors compare it.

    The name begins with the words; has them; name and brand have them; or they are somewhere else.
    """
    vendor = _vendor(rows)
    starts = [
        Q(search_name__startswith=" " + " ".join(word for clause in clauses for word in clause.any_of[0].words))
        for clauses in ([clause for clause in alternative if not clause.negated] for alternative in query.alternatives)
        if clauses
    ]
    tiers = [reduce(or_, starts, _NOTHING), *(_condition(query, where, vendor) for where in (NAME, NAME_OR_BRAND))]
    steps = [When(tier, then=Value(number)) for number, tier in enumerate(tiers)]
    return rows.annotate(rank=Case(*steps, default=Value(len(tiers)), output_field=IntegerField()))


def _condition(query: Query, where: str, vendor: str) -> Q:
    alternatives = (
        reduce(and_, (_of_clause(clause, where, vendor) for clause in clauses)) for clauses in query.alternatives
    )
    return reduce(or_, alternatives, _NOTHING)


def _of_clause(clause: Clause, where: str, vendor: str) -> Q:
    found = reduce(or_, (_of_term(term, where, vendor) for term in clause.any_of), _NOTHING)
    return ~found if clause.negated else found


def _of_term(term: Term, where: str, vendor: str) -> Q:
    if vendor != "postgresql":
        return _in_words(term, where)
    *others, last = (f"'{word}':{where}".removesuffix(":") for word in term.words)
    found = Q(_Matches(" & ".join([*others, f"'{term.words[-1]}':*{where}" if term.prefix else last])))
    # The index knows which words there are, the words themselves in which order.
    return found if len(term.words) == 1 else found & _in_words(term, where)


def _in_words(term: Term, where: str) -> Q:
    return reduce(or_, (Q(**{f"{column}__contains": term.pattern}) for column in _COLUMNS[where]))


class _Matches(Func):
    """`search_vector @@ query`; the column is PostgreSQL's alone, so models do not know it."""

    output_field = BooleanField()

    def __init__(self, query: str) -> None:
        super().__init__(F("search_name"), Value(query))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        neighbour, query = self.get_source_expressions()
        table = compiler.quote_name_unless_alias(neighbour.alias)
        return f"{table}.search_vector @@ %s::tsquery", [query.value]


def _vendor(rows: QuerySet[Any]) -> str:
    return connections[rows.db].vendor
