"""What is typed, understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monolith.catalog.search.query import Clause, Query, Term, parse
from monolith.catalog.search.words import searchable


def word(*words, negated=False):
    return Clause((Term(words, prefix=True),), negated)


def phrase(*words, negated=False):
    return Clause((Term(words),), negated)


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("Red Mug", [[word("red"), word("mug")]]),
        ('"red mug" blue', [[phrase("red", "mug"), word("blue")]]),
        ('"red mug', [[phrase("red", "mug")]]),
        ("mug OR lamp", [[word("mug")], [word("lamp")]]),
        ("red mug or lamp -table", [[word("red"), word("mug")], [word("lamp"), word("table", negated=True)]]),
        ('-"table lamp"', [[phrase("table", "lamp", negated=True)]]),
        ("18-volt", [[word("18", "volt")]]),
        ("MUG-00012-1", [[word("mug", "00012", "1")]]),
        ("or", [[word("or")]]),
        ("or mug", [[word("or"), word("mug")]]),
        ("mug or", [[word("mug"), word("or")]]),
        ("mug or or lamp", [[word("mug")], [word("or"), word("lamp")]]),
        ('"or" or mug', [[phrase("or")], [word("mug")]]),
        ("mug or !!!", [[word("mug"), word("or")]]),
        ("- & | ! ( ) : * '", []),
        ('""', []),
        ("", []),
    ],
)
def test_text_is_understood(text, alternatives):
    assert parse(text) == Query(tuple(tuple(clauses) for clauses in alternatives))


@given(st.text())
def test_nothing_is_an_error_and_every_term_has_words(text):
    for clauses in parse(text).alternatives:
        assert clauses
        assert all(term.words for clause in clauses for term in clause.any_of)


@given(st.text(alphabet="abo -\"'r", max_size=20), st.text(alphabet="abor ", max_size=20))
def test_a_minus_removes_what_the_word_finds(text, name):
    """Whoever sees too much puts a minus before it."""
    query = parse(text)
    if len(query.alternatives) == 1 and len(query.alternatives[0]) == 1:
        (clause,) = query.alternatives[0]
        opposite = Query(((Clause(clause.any_of, not clause.negated),),))
        assert query.finds(searchable(name)) is not opposite.finds(searchable(name))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mu", True),
        ("ug", False),
        ('"mu"', False),
        ('"red mug"', True),
        ('"mug red"', False),
        ("mug -red", False),
        ("lamp or mug", True),
        ("red-mu", True),
        ("mug kiln", True),
        ('"mug kiln"', False),
        ("", False),
    ],
)
def test_words_are_found(text, found):
    assert parse(text).finds(searchable("A red mug", "Kiln")) is found
