"""Every product gets a valid picture of its kind, in its own colours."""

import re
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from monolith.catalog import pictures
from monolith.catalog.seed.vocabulary import ROOTS

MOTIFS = sorted(file.stem for file in (Path(pictures.__file__).parent / "motifs").glob("*.svg"))


def drawn(product_id="p", name="N", path=""):
    return pictures.draw(product_id=product_id, name=name, category_path=path)


def test_same_product_has_the_same_picture():
    assert drawn("1") == drawn("1")
    assert len({drawn(str(number)) for number in range(50)}) > 20


def test_name_is_text_not_markup():
    """Names come from people."""
    picture = drawn(name='<script>alert("x")</script>&')
    assert ET.fromstring(picture)[0].text == '<script>alert("x")</script>&'


@pytest.mark.parametrize("motif", MOTIFS)
def test_motif_is_drawn_in_the_first_palette(motif):
    """A colour outside of it would be the same for every product; white and the shadow are meant to be."""
    drawing = (Path(pictures.__file__).parent / "motifs" / f"{motif}.svg").read_text()
    ET.fromstring(drawing)
    assert set(re.findall("#[0-9a-f]{3,6}", drawing)) <= {*pictures._PALETTES[0], "#fff"}


def test_every_motif_is_used_and_there():
    assert {*pictures._BY_CATEGORY.values(), "parcel"} == set(MOTIFS)


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.slug)
def test_every_category_of_the_seed_has_a_motif(root):
    for leaf in root.leaves:
        assert pictures._motif(f"{root.slug}/{leaf.slug}") != "parcel"
    assert pictures._motif("something/else") == "parcel"


def test_colours_are_exchanged_at_once():
    """One palette's accent is another's main colour: replaced one by one, two areas would melt into one."""
    for _ in range(100):
        picture = drawn(str(uuid.uuid4()), path="books")
        colours = set(re.findall("#[0-9a-f]{6}", picture))
        assert any(colours <= set(palette) and len(colours) == 6 for palette in pictures._PALETTES), colours
