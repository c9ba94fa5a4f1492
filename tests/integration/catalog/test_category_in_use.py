"""A category is deleted or referred to, whoever is first; foreign keys alone would tell only at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from monolith.catalog import services
from monolith.catalog.contract import CategoryNotEmpty, UnknownCategory
from monolith.catalog.models import Category, Product
from monolith.catalog.services import NewProduct
from tests.support.processes import eventually

pytestmark = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)


def refer() -> None:
    services.product_create(new=NewProduct("tea", "Tea", category="teas"), actor="a")


def delete() -> None:
    services.category_delete(category=Category.objects.get(slug="teas"))


def in_turn(first: Callable[[], None], second: Callable[[], None]) -> Future[None]:
    """Run *second* while the transaction of *first* is open; return what became of it."""
    done, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                first()
                done.set()
                may_end.wait(30)
        finally:
            connection.close()

    def follow() -> None:
        try:
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(hold)
        assert done.wait(30)
        followed = pool.submit(follow)
        eventually(lambda: followed.done() or _somebody_waits(), what="the second waits for the first")
        may_end.set()
        held.result(30)
        followed.exception(30)
    return followed


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_deletion_waits_for_a_product_that_arrives(homes):
    """And is refused: the product is there."""
    services.category_create(slug="teas", name="Teas")
    with pytest.raises(CategoryNotEmpty):
        in_turn(refer, delete).result()
    assert Product.objects.get(slug="tea").category.slug == "teas"


def test_product_that_arrives_waits_for_a_deletion(homes):
    """And is refused: the category is gone."""
    services.category_create(slug="teas", name="Teas")
    with pytest.raises(UnknownCategory):
        in_turn(delete, refer).result()
    assert not Product.objects.exists()
