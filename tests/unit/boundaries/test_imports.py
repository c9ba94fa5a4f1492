"""Who may import what, once an app has left the monolith and its contract has stayed."""

import pytest
from grimp import ImportGraph

from strangler.boundaries.imports import Rule, bad_imports

RULE = Rule(
    apps=frozenset({"shop.orders", "shop.parcels", "services.parcels.app", "services.stock.app"}),
    kernel=frozenset({"shop.kernel"}),
    hosts=frozenset({"shop.config", "services"}),
)


def judged(importer, imported):
    graph = ImportGraph()
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="import it")
    return [bad.reason for bad in bad_imports(graph, RULE)]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("services.parcels.app.local", "shop.parcels.contract"),
        ("services.parcels.app.local", "services.parcels.app.models"),
        ("services.parcels.app.local", "shop.kernel.money"),
        ("services.parcels.settings", "services.parcels.app.apps"),
        ("shop.orders.saga", "shop.parcels.contract"),
    ],
)
def test_app_outside_imports_its_own_parts_and_contracts(importer, imported):
    assert judged(importer, imported) == []


@pytest.mark.parametrize(
    ("importer", "imported", "reason"),
    [
        ("shop.orders.saga", "services.parcels.app.models", "others may import services.parcels.app.contract only"),
        ("services.parcels.app.local", "shop.orders.models", "others may import shop.orders.contract only"),
        (
            "services.parcels.app.local",
            "services.stock.app.models",
            "others may import services.stock.app.contract only",
        ),
        ("services.parcels.app.local", "shop.parcels.capability", "others may import shop.parcels.contract only"),
        ("services.parcels.app.local", "services.parcels.settings", "apps do not know where they run"),
        ("shop.orders.saga", "services.parcels.settings", "apps do not know where they run"),
        (
            "shop.parcels.contract",
            "services.parcels.app.models",
            "a contract stands alone: name the other's rows by their ids",
        ),
    ],
)
def test_app_within_a_hosts_package_is_an_app(importer, imported, reason):
    """Otherwise everything below `services` could import everything, and would not be imported by anybody."""
    assert judged(importer, imported) == [reason]
