"""Words that every database compares alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith.catalog.search import words
from monolith.catalog.search.words import WORD_LENGTH_MAX, searchable, words_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Café Crème", ["cafe", "creme"]),
        ("USB-C 2.0", ["usb", "c", "2", "0"]),
        ("  ÅNGSTRÖM  ", ["angstrom"]),
        ("100%_'\\", ["100"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("日本 語", ["日本", "語"]),
        ("x" * 3_000, ["x" * WORD_LENGTH_MAX]),
        ("", []),
    ],
)
def test_words_are_plain(text, found):
    """What both databases compare alike, whatever their collation; a lexeme of PostgreSQL is at most 2,046 bytes."""
    assert words_of(text) == found


@given(st.text(), st.text())
def test_words_survive_being_searched_again(name, brand):
    found = words_of(name)
    assert words_of(" ".join(found)) == found
    assert all(f" {word} " in searchable(name, brand) for word in found)
    assert not set("'\\%_") & set(searchable(name, brand))


def test_no_phrase_reaches_from_one_part_into_the_next():
    assert searchable("Red mug", "", "Kiln") == " red mug \n kiln "


@pytest.mark.parametrize(
    ("word", "other", "steps"),
    [("mug", "mug", 0), ("mugg", "mug", 1), ("hedphones", "headphones", 1), ("headpohnes", "headphones", 1),
     ("", "abc", 3), ("kitten", "sitting", 3), ("ca", "abc", 3)],
)  # fmt: skip
def test_distance_counts_letters_and_swaps(word, other, steps):
    """Optimal string alignment: a swap is one step, and nothing is changed twice."""
    assert words.distance(word, other) == words.distance(other, word) == steps


def test_similar_words_share_three_in_ten_trigrams():
    """The threshold of pg_trgm; the integration suite compares with pg_trgm itself."""
    assert words.similar("hedphones", "headphones")
    assert not words.similar("hedphones", "lamp")
