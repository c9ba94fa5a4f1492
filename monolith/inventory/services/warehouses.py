"""Writes of warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F

from monolith.inventory import ledger
from monolith.inventory.contract import VersionConflict, WarehouseTaken
from monolith.inventory.models import Warehouse


@transaction.atomic
def warehouse_create(*, code: str, address: str = "", priority: int = 100, is_active: bool = True) -> Warehouse:
    """Make a warehouse. Raises WarehouseTaken."""
    new = Warehouse(code=code, address=address, priority=priority, is_active=is_active)
    # Only the database can see two inserts at once: the one that came second finds another id.
    Warehouse.objects.bulk_create([new], ignore_conflicts=True)
    if Warehouse.objects.get(code=code).id != new.id:
        raise WarehouseTaken(f"Another warehouse has the code {code}.")
    return new


@transaction.atomic
def warehouse_update(*, warehouse: Warehouse, changes: Mapping[str, Any]) -> Warehouse:
    """
    Change address, priority or is_active.

    While a warehouse becomes active or inactive, every other writer of stock waits.

    Raises:
        VersionConflict: *warehouse* is no longer as it was read.
    """
    fields = {name: changes[name] for name in ("address", "priority", "is_active") if name in changes}
    turned = fields.get("is_active", warehouse.is_active) != warehouse.is_active
    if turned:
        ledger.stand_still()
    same = Warehouse.objects.filter(id=warehouse.id, version=warehouse.version)
    if not same.update(**fields, version=F("version") + 1):
        raise VersionConflict("The warehouse has changed since it was read.")
    warehouse.refresh_from_db()
    if turned:
        ledger.tell_of_warehouse(warehouse)
    return warehouse
