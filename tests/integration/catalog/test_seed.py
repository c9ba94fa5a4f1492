"""`seed_catalog` on both databases: quick, repeatable, and not on the wrong side of a fence."""

from __future__ import annotations

import pytest

from tests.support.fixtures import StartPlatform
from tests.support.platform import Platform

PRODUCTS = 600


@pytest.fixture(scope="module", params=["postgres", "sqlite"])
def platform(request: pytest.FixtureRequest, start_platform: StartPlatform):
    """Both hosts, with nothing in the catalog."""
    with start_platform(request.param, products=0) as started:
        yield started


def seed(platform: Platform, products: int, *, settings: str = "monolith") -> str:
    done = platform.manage("seed_catalog", "--products", str(products), settings=settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_seed_makes_what_is_missing_and_nothing_twice(platform: Platform) -> None:
    """Fewer, more, again: the same products each time. Without a terminal there is one line."""
    assert seed(platform, 300).startswith("300 products made, 0 were there already")
    assert seed(platform, PRODUCTS).startswith("300 products made, 300 were there already")
    assert seed(platform, PRODUCTS).count("\n") == 1


def test_seed_is_refused_where_another_home_owns_the_catalog(platform: Platform) -> None:
    """It says who owns it and what to do; nothing is written; over there it goes on."""
    seed(platform, PRODUCTS)
    platform.strangler("toggle", "catalog", "service", "--yes")
    done = platform.manage("seed_catalog", "--products", str(PRODUCTS + 10))
    assert done.returncode != 0
    assert "belongs to the service" in done.stderr
    assert "strangler toggle catalog" in done.stderr
    assert "Traceback" not in done.stderr
    assert seed(platform, PRODUCTS + 10, settings="catalog").startswith(f"10 products made, {PRODUCTS} were there")
    platform.strangler("toggle", "catalog", "monolith", "--yes")
    assert seed(platform, PRODUCTS + 10).startswith("0 products made")


def test_bad_number_and_missing_tables_are_explained(platform: Platform, tmp_path) -> None:
    """Exit code not 0, a sentence, no stack."""
    done = platform.manage("seed_catalog", "--products", "-1")
    assert (done.returncode, "0 or more" in done.stderr) == (1, True)
    empty = platform.manage("seed_catalog", MONOLITH_DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert (empty.returncode, "migrate" in empty.stderr) == (1, True)
    assert "Traceback" not in empty.stderr
