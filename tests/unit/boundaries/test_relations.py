"""The system checks name every relation across a border, with file and line."""

import re

import pytest

MODELS = "shop/orders/models.py"
CROSSING = {
    "orders.Order.first_product": ("E101", "first_product = models.ForeignKey"),
    "orders.Order.product": ("E101", "    product = models.ForeignKey"),
    "orders.Filing.category": ("E101", "category = models.ForeignKey"),
    "orders.Order.cover": ("E102", "cover = models.OneToOneField"),
    "orders.Order.categories": ("E103", "categories = models.ManyToManyField"),
    "orders.Order.about": ("E104", "about = GenericForeignKey"),
    "orders.Bundle.product_ptr": ("E105", "class Bundle"),
    "orders.CheapProduct": ("E105", "class CheapProduct"),
    "orders.ProductRow": ("E106", "class ProductRow"),
    "orders.Order.buyer": ("W101", "buyer = models.ForeignKey"),
    "orders.Order.kind": ("W101", "kind = models.ForeignKey"),
}
MESSAGE = re.compile(r"\(strangler\.([EW]\d+)\) (\S+) of .* \((\S+):(\d+)\)\.")


@pytest.fixture
def told(project):
    """Source of the relation to (id, file, line)."""
    output = project.run("-m", "django", "check").stderr
    return {source: (number, file, int(line)) for number, source, file, line in MESSAGE.findall(output)}


def test_every_relation_across_a_border_is_named_with_its_place(project, told):
    lines = (project.folder / MODELS).read_text().splitlines()
    for source, (number, text) in CROSSING.items():
        assert told[source][:2] == (number, MODELS), source
        assert text in lines[told[source][2] - 1], source


def test_nothing_else_is_named(told):
    """Neither relations inside an app nor references; of nobody's apps only what binds a capability."""
    assert told.keys() - CROSSING.keys() == {"reports.Report.product"}


def test_a_known_relation_is_not_told_again(project):
    project.borders("--update-baseline")
    result = project.run("-m", "django", "check")
    assert (result.returncode, "no issues" in result.stdout) == (0, True)


def test_advice_names_the_reference_that_fits_the_key(project):
    output = project.run("-m", "django", "check").stderr
    assert "Reference('catalog.Category', type='integer')" in output
    assert "Reference('catalog.Product')" in output


def test_a_broken_baseline_is_an_error_of_its_own(project):
    (project.folder / "borders.json").write_text('{"relations": 1}')
    assert "strangler.E108" in project.run("-m", "django", "check").stderr


def test_a_relation_to_a_model_that_does_not_exist_is_told_too(project):
    project.append(
        "shop/orders/models.py", "class Wish(models.Model):\n    of = models.ForeignKey('catalog.Wsh', models.CASCADE)"
    )
    output = project.run("-m", "django", "check").stderr
    assert "orders.Wish.of of orders is bound to catalog.Wsh of catalog by a foreign key" in output
