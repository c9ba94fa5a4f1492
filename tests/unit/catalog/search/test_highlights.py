"""Where it was found."""

from monolith.catalog.search.highlights import highlights
from monolith.catalog.search.query import parse


def marked(query, text):
    return highlights(parse(query), {"text": text}).get("text")


def test_found_words_are_marked_as_they_are_written():
    """Case and accents of the text stay; what is not found is not there."""
    assert marked("cafe grin", "Café Crème Grinder") == "<mark>Café</mark> Crème <mark>Grinder</mark>"
    assert marked("cafe", "Cafe\u0301 noir") == "<mark>Cafe\u0301</mark> noir"
    assert marked("tea", "Café") is None
    assert marked("-cafe", "Café") is None
    assert marked('"cafe"', "Cafeteria") is None


def test_html_in_a_text_stays_text():
    """A description is data: whoever shows highlights as HTML shows no script of somebody else."""
    assert marked("b", "<b>&'") == "&lt;<mark>b</mark>&gt;&amp;&#x27;"


def test_long_text_is_cut_around_its_first_hit():
    text = "word " * 100 + "needle " + "tail " * 100
    cut = marked("needle", text)
    assert cut.startswith("… word")
    assert cut.endswith(" …")
    assert "<mark>needle</mark>" in cut
    assert len(cut) < 200
