"""The pytest plugin, in the test suite of a project that is not clean."""

import json

import pytest

SUITE = '''
import pytest
from django.db import transaction

from shop.catalog.models import Category, Product
from shop.orders.services import sell
from shop.reports.models import Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def stocked():
    """Fixtures may fill the tables of all."""
    with transaction.atomic():
        Category.objects.create(name="c")
        sell(Product.objects.create(name="p"), quietly=True)


def test_at_home(stocked):
    assert Product.objects.count() == 1


def test_sale(stocked):
    sell(Product.objects.get())


def test_join(stocked):
    assert not list(Category.objects.filter(filing__order=1))


@pytest.mark.crosses_borders("the fixture of another team")
def test_allowed(stocked):
    sell(Product.objects.get())


def test_swallowed(stocked):
    try:
        sell(Product.objects.get())
    except BaseException:
        pass
'''
SERVICES = """
from django.db import transaction

from shop.catalog.models import Product
from shop.orders.models import Delivery


def sell(product, quietly=False):
    with transaction.atomic():
        Product.objects.update(name="sold")
        Delivery.objects.create()
"""


@pytest.fixture
def suite(project):
    (project.folder / "shop/orders/services.py").write_text(SERVICES)
    project.append("shop/orders/models.py", "class Delivery(models.Model):\n    pass")
    project.append("tests/test_orders.py", SUITE)
    return project


def run(project, *options):
    """Run the project's suite as its team would, and return outcomes by test and the output."""
    command = ("-m", "pytest", "-p", "strangler.testing.plugin", "-p", "no:cacheprovider", "--no-migrations", "-rA")
    result = project.run(*command, *options, "tests")
    lines = (line.split() for line in result.stdout.splitlines())
    outcomes = {
        words[1].rpartition("::")[2]: words[0] for words in lines if words and words[0] in {"PASSED", "FAILED", "ERROR"}
    }
    assert outcomes, result.stdout + result.stderr
    return outcomes, result


def test_a_test_that_crosses_a_border_fails(suite):
    outcomes, _ = run(suite)
    assert outcomes == {
        "test_at_home": "PASSED",
        "test_sale": "FAILED",
        "test_join": "FAILED",
        "test_allowed": "PASSED",
        "test_swallowed": "FAILED",
    }


def test_the_stack_is_the_applications(suite):
    _, result = run(suite, "-k", "test_sale")
    assert "A transaction writes tables of catalog and then of orders: catalog_product, orders_del" in result.stdout
    assert "shop/orders/services.py:11 in sell\n      Delivery.objects.create()" in result.stdout
    assert " in test_sale\n      sell(Product.objects.get())" in result.stdout
    assert "site-packages/django" not in result.stdout


def test_without_the_plugin_nothing_fails(suite):
    """The control."""
    result = suite.run("-m", "pytest", "-p", "no:strangler.testing.plugin", "--no-migrations", "-q", "tests")
    assert "5 passed" in result.stdout, result.stdout


def test_what_the_baseline_knows_passes_and_must_leave_it_when_gone(suite):
    run(suite, "--borders=update")
    known = json.loads((suite.folder / "borders.json").read_text())["statements"]
    assert known == [
        "statement catalog_category, orders_filing in tests/test_orders.py:test_join",
        "transaction catalog_product, orders_delivery in shop/orders/services.py:sell",
    ]
    outcomes, result = run(suite, "--borders=check")
    assert (set(outcomes.values()), result.returncode) == ({"PASSED"}, 0)
    suite.replace("shop/orders/services.py", "        Delivery.objects.create()", "        pass")
    outcomes, result = run(suite, "--borders=check")
    assert (set(outcomes.values()), result.returncode) == ({"PASSED"}, 1)
    assert "gone transaction catalog_product, orders_delivery in shop/orders/services.py:sell" in result.stdout
    assert run(suite, "--borders=update")[1].returncode == 0
    suite.replace("shop/orders/services.py", "        pass", "        Delivery.objects.create()")
    outcomes, _ = run(suite, "--borders=update")
    assert (outcomes["test_sale"], outcomes["test_join"]) == ("FAILED", "PASSED")
