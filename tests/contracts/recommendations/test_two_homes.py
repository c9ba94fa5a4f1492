"""What stays the same when recommendations change their home, and who goes on when they are gone."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import OTHER, move
from tests.contracts.recommendations.conftest import MOUNT
from tests.contracts.recommendations.orders import confirm
from tests.support.platform import Platform
from tests.support.processes import eventually


@pytest.fixture(params=["monolith", "service"])
def home(request: pytest.FixtureRequest, platform: Platform) -> str:
    """Where recommendations are at first."""
    move(platform, request.param)
    return str(request.param)


def test_what_was_learnt_moves_along(platform: Platform, home: str) -> None:
    """Orders before and after the move count together, each once, at either door."""
    word = uuid.uuid4().hex[:10].upper()
    mug, bowl = f"{word}-MUG", f"{word}-BOWL"
    doors = [Client(platform.doors[one], None, MOUNT) for one in ("monolith", "service")]

    def knows(orders: int) -> bool:
        return all(door.get(f"/{mug}").json["data"] == [{"sku": bowl, "orders": orders}] for door in doors)

    confirm(platform, (mug, bowl), (mug, bowl))
    eventually(lambda: knows(2), what="both orders were heard of", timeout_s=60)
    move(platform, OTHER[home])
    assert knows(2)
    confirm(platform, (bowl, mug))
    eventually(lambda: knows(3), what="the order after the move was heard of", timeout_s=60)
