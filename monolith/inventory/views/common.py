"""What every view of the inventory does."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from monolith.inventory.codes import InventoryCode
from strangler.hosting.rest.views import RestView

READ, WRITE = "inventory:read", "inventory:write"


class InventoryView(RestView):
    """Refuses with the inventory's codes; how much there is, is for staff."""

    codes = InventoryCode
    scopes = {"GET": READ, "HEAD": READ}


def read_body(serializer: Any, request: Request, *, partial: bool = False) -> Any:
    """Return the validated body; with *partial*, nothing in it is required."""
    reader = serializer(data=request.data, partial=partial)
    reader.is_valid(raise_exception=True)
    return reader.validated_data
