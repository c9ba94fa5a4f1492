"""What every view of the inventory does."""

from __future__ import annotations

from monolith.inventory.codes import InventoryCode
from strangler.hosting.rest.views import RestView

READ, WRITE = "inventory:read", "inventory:write"


class InventoryView(RestView):
    """Refuses with the inventory's codes; how much there is, is for staff."""

    codes = InventoryCode
    scopes = {"GET": READ, "HEAD": READ}
