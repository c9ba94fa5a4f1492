"""
What somebody types into a search, understood as PostgreSQL's `websearch_to_tsquery` does.

Words must all be found, "quoted ones" one after the other; `or` offers an alternative, and a leading minus excludes.
What is more: a word outside quotes matches by its beginning. A word that is several (`18-volt`) is a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monolith.catalog.search.words import words_of

TEXT_LENGTH_MAX = 200
_PIECE = re.compile(r'(?P<minus>-?)"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+)')


@dataclass(frozen=True)
class Term:
    """Words that follow each other; with *prefix*, the last one may be the beginning of a longer word."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def pattern(self) -> str:
        """What is found in a text with a space before and after each word."""
        return f" {' '.join(self.words)}" + ("" if self.prefix else " ")


@dataclass(frozen=True)
class Clause:
    """At least one of the terms is found, or, when negated, none is."""

    any_of: tuple[Term, ...]
    negated: bool = False

    def holds(self, text: str) -> bool:
        """Whether this is so in *text*."""
        return any(term.pattern in text for term in self.any_of) is not self.negated


@dataclass(frozen=True)
class Query:
    """Alternatives; each asks for all of its clauses. Without any, nothing is found."""

    alternatives: tuple[tuple[Clause, ...], ...]

    @property
    def wanted(self) -> list[Clause]:
        """Every clause that is not negated."""
        return [clause for clauses in self.alternatives for clause in clauses if not clause.negated]

    def finds(self, text: str) -> bool:
        """Whether *text*, as `words.searchable` makes it, has what is asked for."""
        return any(all(clause.holds(text) for clause in clauses) for clauses in self.alternatives)


def parse(text: str) -> Query:
    """Read a search; nothing in it is an error."""
    pieces = [piece for piece in _pieces(text) if piece is _OR or piece.any_of[0].words]
    alternatives: list[list[Clause]] = [[]]
    for place, piece in enumerate(pieces):
        if piece is not _OR:
            alternatives[-1].append(piece)
        elif alternatives[-1] and place < len(pieces) - 1:
            alternatives.append([])
        else:  # nothing before it or after it to choose from: it is a word like any other
            alternatives[-1].append(Clause((Term(("or",), prefix=True),)))
    return Query(tuple(tuple(clauses) for clauses in alternatives if clauses))


_OR = Clause(())


def _pieces(text: str) -> Iterator[Clause]:
    for found in _PIECE.finditer(text):
        bare = found["bare"]
        if bare is None:
            yield Clause((Term(tuple(words_of(found["quoted"]))),), negated=bool(found["minus"]))
        elif bare.casefold() == "or":
            yield _OR
        else:
            yield Clause((Term(tuple(words_of(bare)), prefix=True),), negated=bare.startswith("-"))
