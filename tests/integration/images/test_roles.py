"""What images carry runs with the roles of a cluster, and the catalog moves there and back with them."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.integration.images.service import services
from tests.integration.images.stack import ADDRESSES, Processes, Stack, make_roles
from tests.support.postgres import running_postgres

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
PRODUCTS = 12


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_postgres() as server:
        make_roles(server)
        with services(*ADDRESSES) as addresses:
            stack = Stack(server, Processes(tmp_path_factory.mktemp("images")), addresses)
            stack.migrate()
            stack.engine.command("monolith", stack.monolith, "manage", "seed_catalog", "--products", str(PRODUCTS))
            with stack.running():
                yield stack


def served(stack: Stack) -> tuple[str, list[str]]:
    """Return which home answers, and which products it knows."""
    status, body, header = stack.ask("monolith", f"/api/catalog/products?limit={PRODUCTS}")
    assert status == 200
    return header["Strangler-Home"], sorted(product["id"] for product in body["data"])


def test_the_catalog_moves_there_and_back(stack: Stack) -> None:
    home, products = served(stack)
    assert (home, len(products)) == ("monolith", PRODUCTS)
    stack.move("service")
    assert served(stack) == ("service", products)
    with stack.connect("monolith", "monolith") as late, pytest.raises(psycopg.Error) as refused:
        late.execute("UPDATE catalog_product SET name = 'late'")
    assert refused.value.sqlstate == "SF001"
    stack.move("monolith")
    assert served(stack) == ("monolith", products)


@pytest.mark.parametrize("home", ["monolith", "catalog"])
def test_an_application_can_lift_no_fence(stack: Stack, home: str) -> None:
    """It owns no table (R3), so it can neither disable a trigger nor pretend to be a replica."""
    for statement in ("ALTER TABLE catalog_product DISABLE TRIGGER ALL", "SET session_replication_role = replica"):
        with stack.connect(home, home) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(statement)


def test_a_services_host_reads_routes_of_the_monolith_and_no_rows(stack: Stack) -> None:
    with stack.connect("router", "monolith") as router:
        assert router.execute("SELECT count(*) FROM strangler_router").fetchone()
        for statement in ("SELECT 1 FROM catalog_product", "UPDATE strangler_ownership SET owner = 'service'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                router.execute(statement)


def test_hosts_enter_their_own_database_alone(stack: Stack) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        stack.connect("catalog", "monolith")


def test_files_of_images_are_all_that_runs(stack: Stack) -> None:
    """The control of this module: the service's process has no neighbour's models to import."""
    look = "from importlib.util import find_spec; print(find_spec('monolith.inventory.models'))"
    assert stack.engine.command("catalog", stack.catalog, "-c", look).strip() == "None"
