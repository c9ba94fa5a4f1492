"""What a search compares: plain words, the same in every database, whatever its collation or parser (ADR 0017)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

WORD_LENGTH_MAX = 64
_NOT_A_WORD = re.compile(r"[\W_]+")


def words_of(text: str) -> list[str]:
    """Split into words without case and accents; very long ones are cut."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return [word[:WORD_LENGTH_MAX] for word in _NOT_A_WORD.sub(" ", bare).split()]


def searchable(*parts: str) -> str:
    """
    Return what is stored of *parts*: their words with a space before and after each.

    Every part has a line of its own, so that no phrase reaches from one into the next.
    """
    lines = (" ".join(words_of(part)) for part in parts)
    return "\n".join(f" {line} " for line in lines if line)


def similar(word: str, other: str) -> bool:
    """Whether PostgreSQL's `word % other` holds (pg_trgm, threshold 0.3), for words of the letters a to z."""
    mine, theirs = _trigrams(word), _trigrams(other)
    return 10 * len(mine & theirs) >= 3 * len(mine | theirs)


def distance(word: str, other: str) -> int:
    """Count the letters to add, drop, change or swap with their neighbour until *word* is *other*."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, another in enumerate(other, 1):
            step = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != another))
            if row > 1 and column > 1 and letter == other[column - 2] and word[row - 2] == another:
                step = min(step, before[column - 2] + 1)
            now.append(step)
        before, last = last, now
    return last[-1]


def unique(words: Iterable[str]) -> list[str]:
    """Return each word once, in the order of its first use."""
    return list(dict.fromkeys(words))


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
