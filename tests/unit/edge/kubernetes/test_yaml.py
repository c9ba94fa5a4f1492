from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strangler.edge.kubernetes.yaml import Manifest, dump

TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\ufeff\u0085"))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def read(text: str) -> list[Any]:
    return [one for one in yaml.safe_load_all(text) if one is not None]


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(values: dict[str, Any]) -> None:
    assert read(dump([Manifest(values)])) == [values]


@pytest.mark.parametrize(
    "word", ["yes", "No", "on", "null", "~", "1", "1.5", "1e3", "0x1f", "12:30", "2026-01-01", "", "- a"]
)
def test_text_stays_text_for_readers_of_yaml_1_1(word: str) -> None:
    assert read(dump([Manifest({"key": word, word: [word]})])) == [{"key": word, word: [word]}]


def test_notes_are_comments_before_their_object() -> None:
    text = dump([Manifest({"a": 1}, ["of a", ""]), Manifest({"b": [{"c": 1, "d": [2]}]})], ["of all"])
    assert text == "# of all\n---\n# of a\n#\na: 1\n---\nb:\n- c: 1\n  d:\n  - 2\n"
