"""An inventory on each database, empty but for its warehouses; and many hands at once."""

from __future__ import annotations

import pytest

from monolith.inventory.services.warehouses import warehouse_create


@pytest.fixture
def shop(homes):
    """The vendor of the database; there are the warehouses EAST and WEST, in this order."""
    for priority, code in enumerate(("EAST", "WEST")):
        warehouse_create(code=code, priority=priority)
    return homes.vendor
