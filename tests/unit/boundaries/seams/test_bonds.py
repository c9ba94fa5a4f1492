"""Every bond of the sample project is found at its line, and nothing else is."""

from strangler.boundaries.seams.bonds import count
from tests.unit.boundaries.seams.projects import SHOP, marked


def test_exactly_the_marked_lines_bind(survey):
    found = {(b["source"], b["target"], b["kind"], f"{b['file']}:{b['line']}") for b in survey["bonds"]}
    assert found == marked(SHOP)


def test_a_bond_says_what_is_there(survey):
    said = {b["what"] for b in survey["bonds"]}
    assert {
        "Order.product: ForeignKey to catalog.Product",
        "Tagging.product: ForeignKey (without a constraint) to catalog.Product",
        "Order.owner: ForeignKey to auth.User",
        "Product.tags: ManyToManyField through orders.Tagging",
        "Gift.product_ptr: shares its rows with its parent catalog.Product",
        "Bargain: is a proxy of catalog.Product",
        "Invoice.reason: may point at any table, by contenttypes.ContentType",
        "OrderTotal keeps its rows in orders_order, as orders.Order does",
        "imports shop.search.index",
        "imports shop.kit.prices, which needs shop.billing.money",
        "names orders.Order in a string",
        "names shop.search.index.rebuild in a string",
        "writes by Order.objects.filter.update()",
        "charge() runs at post_save of orders.Order",
    } <= said


def test_numbers_agree_with_their_words():
    assert [count(1, "import"), count(2, "import")] == ["1 import", "2 imports"]
