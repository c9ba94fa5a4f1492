"""Every bond of the sample project is found at its line, and nothing else is."""

from strangler.boundaries.seams.bonds import count
from tests.unit.boundaries.seams.projects import SHOP, marked


def test_exactly_the_marked_lines_bind(survey):
    found = {(b["source"], b["target"], b["kind"], f"{b['file']}:{b['line']}") for b in survey["bonds"]}
    assert found == marked(SHOP)


def test_a_bond_says_what_is_there(survey):
    said = {b["what"] for b in survey["bonds"]}
    assert {
        "Order.product is a ForeignKey to catalog.Product",
        "Order.owner is a ForeignKey to auth.User",
        "Product.tags is a ManyToManyField to orders.Tagging",
        "Gift.product_ptr shares its rows with catalog.Product",
        "Bargain shares its rows with catalog.Product",
        "Invoice.reason is a generic relation to any row",
        "OrderTotal keeps its rows in the table of orders.Order",
        "imports shop.search.index",
        "imports shop.kit.prices, which needs shop.billing.money",
        "names orders.Order in a string",
        "names shop.search.index.rebuild in a string",
        "writes by Order.objects.filter.update()",
        "charge() runs at post_save of orders.Order",
    } <= said


def test_numbers_agree_with_their_words():
    assert [count(1, "import"), count(2, "import")] == ["1 import", "2 imports"]
