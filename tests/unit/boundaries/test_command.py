"""`strangler borders` on a project that is not clean yet."""

import json

import pytest

DEEP = "shop.orders.views -> shop.catalog.models"


@pytest.fixture
def settled(project):
    """The project once its crossings are known."""
    assert project.borders("--update-baseline")[0] == 0
    return project


def keys(found, part="imports"):
    return {c["key"] for c in found["crossings"] if c["part"] == part and not c["known"]}


def test_every_kind_of_bad_import_is_named_with_its_place(project):
    code, found = project.borders()
    places = {c["key"]: c["place"] for c in found["crossings"] if c["part"] == "imports"}
    assert code == 1
    assert places == {
        DEEP: "shop/orders/views.py:6",
        "shop.orders.models -> shop.catalog.models": "shop/orders/models.py:7",
        "shop.orders.services -> shop.config.settings": "shop/orders/services.py:1",
        "shop.orders.services -> shop.reports.models": "shop/orders/services.py:2",
    }


def test_relations_are_part_of_it(project):
    _, found = project.borders()
    assert "orders.Order.categories -> catalog.Category" in keys(found, "relations")


def test_what_is_known_passes(settled):
    code, found = settled.borders()
    assert (code, keys(found)) == (0, set())


def test_a_new_crossing_fails_and_the_baseline_does_not_grow(settled):
    settled.append("shop/orders/late.py", "from shop.catalog.models import Product")
    before = (settled.folder / "borders.json").read_text()
    for options in ((), ("--update-baseline",)):
        code, found = settled.borders(*options)
        assert (code, keys(found)) == (1, {"shop.orders.late -> shop.catalog.models"})
    assert (settled.folder / "borders.json").read_text() == before


def test_a_vanished_crossing_must_leave_the_baseline(settled):
    settled.replace("shop/orders/views.py", "from shop.catalog.models import Product", "Product = None")
    code, found = settled.borders()
    assert (code, found["vanished"]) == (1, [{"part": "imports", "key": DEEP}])
    assert settled.borders("--update-baseline")[0] == 0
    assert DEEP not in json.loads((settled.folder / "borders.json").read_text())["imports"]
    settled.replace("shop/orders/views.py", "Product = None", "from shop.catalog.models import Product")
    assert settled.borders("--update-baseline")[0] == 1


def test_moved_lines_are_no_news(settled):
    settled.replace("shop/orders/views.py", "def place", "\n\n\ndef place")
    assert settled.borders()[0] == 0


def test_a_new_capability_enrols_itself(settled):
    settled.replace("shop/config/settings.py", '("catalog", "orders")', '("catalog", "orders", "reports")')
    settled.replace("shop/config/settings.py", '"orders_service")', '"orders_service", "reports_service")')
    _, found = settled.borders()
    assert "reports" in next(
        c["what"] for c in found["crossings"] if c["key"] == "reports.Report.product -> catalog.Product"
    )
    settled.append("shop/reports/views.py", "from shop.orders.views import place")
    assert keys(settled.borders()[1]) == {"shop.reports.views -> shop.orders.views"}


def test_of_an_app_that_has_left_its_contract_is_known(settled):
    """Nothing of it is installed in the monolith; callers import the contract from where they always did."""
    for module in ("__init__", "contract", "capability"):
        settled.append(f"shop/parcels/{module}.py", "")
    entry = {
        "complete": True,
        "contract": "shop.parcels.contract",
        "service_url": "http://127.0.0.1:9",
        "internal_url": "http://127.0.0.1:9",
        "routes": [{"prefix": "/parcels/"}],
    }
    settled.append("shop/config/settings.py", f'STRANGLER["CAPABILITIES"]["parcels"] = {entry}')
    settled.append("shop/orders/late.py", "from shop.parcels import capability, contract")
    assert keys(settled.borders()[1]) == {"shop.orders.late -> shop.parcels.capability"}


def test_contracts_stand_alone(settled):
    settled.append("shop/catalog/contract/__init__.py", "import strangler.conf\nfrom shop.orders.models import Order")
    settled.append(
        "shop/catalog/contract/rows.py", "from shop.catalog.models import Product\nfrom django.db import models"
    )
    assert keys(settled.borders()[1]) == {
        "shop.catalog.contract -> strangler",
        "shop.catalog.contract -> shop.orders.models",
        "shop.catalog.contract.rows -> shop.catalog.models",
        "shop.catalog.contract.rows -> django",
    }


def test_a_person_reads_sums_and_places(project):
    result = project.run("-m", "django", "strangler", "borders")
    assert "new  shop/orders/views.py:6: shop.orders.views imports shop.catalog.models" in result.stdout
    assert "16 new, 0 known, 0 gone" in result.stdout
    assert result.returncode == 1


def test_without_grimp_the_command_says_what_to_install(project):
    code = "import sys; sys.modules['grimp'] = None; from django.core.management import *; execute_from_command_line()"
    result = project.run("-c", code, "strangler", "borders")
    assert "pip install 'django-strangler[boundaries]'" in result.stderr
    assert result.returncode == 1
