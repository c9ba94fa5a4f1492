"""The words of names and brands, for whoever mistypes one: `pg_trgm` in PostgreSQL, its rule in Python elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value

from monolith.catalog.models import SearchWord
from monolith.catalog.search.matching import matching
from monolith.catalog.search.query import Clause, Query, Term
from monolith.catalog.search.words import distance, similar, unique, words_of

# Databases agree on what a letter is only here; a wrong digit is another thing, not a typo.
_CORRECTABLE = re.compile(r"[a-z]{4,}")
_KNOWABLE = re.compile(r"[a-z]{3,}")
_CORRECTIONS_MAX = 5
_CANDIDATES_MAX = 3


@dataclass(frozen=True)
class Correction:
    """A query in which words that nobody uses were replaced, and by what."""

    query: Query
    replaced: Mapping[str, list[str]]


def learn(*texts: str) -> None:
    """Remember the words of names and brands; a word is never forgotten, for a wrong hint finds nothing."""
    words = {word for text in texts for word in words_of(text) if _KNOWABLE.fullmatch(word)}
    new = words.difference(SearchWord.objects.filter(word__in=words).values_list("word", flat=True))
    # In one order: two that learn the same words wait for each other, and not in a circle.
    SearchWord.objects.bulk_create([SearchWord(word=word) for word in sorted(new)], ignore_conflicts=True)


def corrected(query: Query, rows: QuerySet[Any]) -> Correction:
    """
    Replace the wanted words that no product among *rows* has by the nearest ones that are known.

    At most the first five such words are looked at; words in quotes are meant as they are written.
    """
    suspects = unique(word for clause in query.wanted for word in _suspects(clause))[:_CORRECTIONS_MAX]
    replaced = {word: _nearest(word) for word in suspects if not _is_used(word, rows)}
    replaced = {word: nearest for word, nearest in replaced.items() if nearest}
    alternatives = (tuple(_rewritten(clause, replaced) for clause in clauses) for clauses in query.alternatives)
    return Correction(Query(tuple(alternatives)) if replaced else query, replaced)


def _suspects(clause: Clause) -> Iterable[str]:
    term = clause.any_of[0]
    return term.words if term.prefix and len(term.words) == 1 and _CORRECTABLE.fullmatch(term.words[0]) else ()


def _is_used(word: str, rows: QuerySet[Any]) -> bool:
    return matching(rows, Query(((Clause((Term((word,), prefix=True),)),),))).exists()


def _nearest(word: str) -> list[str]:
    """At most one letter away, two for longer words; the nearest only."""
    allowed = 1 if len(word) < 6 else 2
    steps = {candidate: distance(word, candidate) for candidate in _candidates(word) if similar(word, candidate)}
    least = min(steps.values(), default=allowed + 1)
    return sorted(found for found, count in steps.items() if count == least <= allowed)[:_CANDIDATES_MAX]


def _candidates(word: str) -> Iterable[str]:
    rows = SearchWord.objects.all()
    if connections[rows.db].vendor == "postgresql":
        rows = rows.filter(Q(_Similar(word)))
    return rows.values_list("word", flat=True)


def _rewritten(clause: Clause, replaced: Mapping[str, list[str]]) -> Clause:
    hints = [hint for word in _suspects(clause) for hint in replaced.get(word, ())]
    if clause.negated or not hints:
        return clause
    return replace(clause, any_of=tuple(Term((hint,)) for hint in hints))


class _Similar(Func):
    """`word % other`, by the trigram index."""

    output_field = BooleanField()
    template = "%(expressions)s"
    arg_joiner = " %% "

    def __init__(self, word: str) -> None:
        super().__init__(F("word"), Value(word))
