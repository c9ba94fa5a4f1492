"""Found words, marked in what a product shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from monolith.catalog.search.query import Query, Term
from monolith.catalog.search.words import words_of

_FRAGMENT = 160
_BEFORE = 40
# Accents that are characters of their own belong to the letter before them.
_WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f])+")


def highlights(query: Query, texts: Mapping[str, str]) -> dict[str, str]:
    """
    Return those of *texts* that have a wanted word, as escaped HTML with <mark> around each.

    A long text is cut to a fragment around its first hit.
    """
    terms = [term for clause in query.wanted for term in clause.any_of]
    marked = {name: _marked(text, terms) for name, text in texts.items()}
    return {name: html for name, html in marked.items() if html is not None}


def _marked(text: str, terms: list[Term]) -> str | None:
    hits = [found.span() for found in _WORD.finditer(text) if _is_wanted(found.group(), terms)]
    if not hits:
        return None
    start = _cut(text, hits[0][0] - _BEFORE)
    end = len(text) if len(text) - start <= _FRAGMENT else _cut(text, max(start + _FRAGMENT, hits[0][1]))
    pieces, at = ["… " if start else ""], start
    for first, last in hits:
        if last <= end:
            pieces += [escape(text[at:first]), "<mark>", escape(text[first:last]), "</mark>"]
            at = last
    return "".join([*pieces, escape(text[at:end]), " …" if end < len(text) else ""])


def _is_wanted(shown: str, terms: list[Term]) -> bool:
    """Whether one of its plain words is one of a term's; the last word of a prefix may go on."""
    for word in words_of(shown):
        for term in terms:
            if word in term.words or (term.prefix and word.startswith(term.words[-1])):
                return True
    return False


def _cut(text: str, at: int) -> int:
    """Move *at* back to where a word begins."""
    return 0 if at <= 0 else text.rfind(" ", 0, at + 1) + 1
