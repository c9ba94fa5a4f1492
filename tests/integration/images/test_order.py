"""The Jobs of a new platform come in any order: who is too early says so, and is repeated, as Kubernetes does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.images.service import services
from tests.integration.images.stack import ADDRESSES, HOMES, Processes, Stack, make_roles
from tests.support.postgres import running_postgres

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]
MIGRATE = ("manage", "migrate", "--no-input", "--verbosity", "0")
OWNERSHIP = "SELECT owner, epoch, owned_epoch FROM strangler_ownership WHERE capability = 'shipping'"


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Databases and roles, and nothing in them."""
    with running_postgres() as server, services(*ADDRESSES) as addresses:
        make_roles(server, (*HOMES, "shipping"))
        yield Stack(server, Processes(tmp_path_factory.mktemp("images")), addresses)


def test_a_complete_service_opens_whoever_comes_first(stack: Stack) -> None:
    """It reads the monolith's database as `router` alone, and begins with nothing to undo."""
    shipping = stack.environment(monolith="router", shipping="shipping_owner")
    with pytest.raises(AssertionError, match="`migrate` of the monolith comes first"):
        stack.engine.command("shipping", shipping, *MIGRATE)
    monolith = stack.environment(monolith="monolith_owner")
    stack.engine.command("monolith", monolith, *MIGRATE)
    with pytest.raises(AssertionError, match="`migrate` of the monolith comes first"):
        stack.engine.command("shipping", shipping, *MIGRATE)
    stack.engine.command("monolith", monolith, "manage", "admit_routers", "router")
    for _ in range(2):
        stack.engine.command("shipping", shipping, *MIGRATE)
        with stack.connect("shipping", "shipping") as own:
            assert own.execute(OWNERSHIP).fetchall() == [("service", 1, 1)]
    told = stack.environment(monolith="router", shipping="shipping")
    assert "12 made" in stack.engine.command("shipping", told, "manage", "seed_shipping")
