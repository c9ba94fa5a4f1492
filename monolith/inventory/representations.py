"""
Rows as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when a warehouse comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monolith.inventory.models import Reservation, StockItem, StockMovement, Warehouse
from monolith.inventory.selectors import Level, status_of
from monolith.inventory.services.stock import Transfer

REPRESENTATION = 1


def level_json(level: Level) -> dict[str, Any]:
    """What there is of a SKU, in all and per warehouse."""
    return {
        "sku": level.sku,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "warehouses": [_item_json(item) for item in level.items],
    }


def reservation_json(row: Reservation) -> dict[str, Any]:
    """A reservation with its lines."""
    return {
        "id": str(row.id),
        "order_id": str(row.order_id),
        "status": status_of(row).value,
        "expires_at": _moment(row.expires_at),
        "created_at": _moment(row.created_at),
        "lines": [{"sku": line.sku, "warehouse": line.warehouse.code, "qty": line.qty} for line in row.lines.all()],
    }


def movement_json(row: StockMovement) -> dict[str, Any]:
    """One change of stock."""
    return {
        "id": str(row.id),
        "sku": row.sku,
        "warehouse": row.warehouse.code,
        "delta_on_hand": row.delta_on_hand,
        "delta_reserved": row.delta_reserved,
        "reason": row.reason,
        "ref_type": row.ref_type,
        "ref_id": row.ref_id,
        "note": row.note,
        "actor": row.actor,
        "at": _moment(row.at),
    }


def transfer_json(transfer: Transfer) -> dict[str, Any]:
    """What went from one warehouse to another."""
    return {
        "id": str(transfer.id),
        "sku": transfer.sku,
        "from_warehouse": transfer.from_warehouse,
        "to_warehouse": transfer.to_warehouse,
        "qty": transfer.qty,
    }


def warehouse_json(row: Warehouse) -> dict[str, Any]:
    """A warehouse."""
    return {
        "id": str(row.id),
        "code": row.code,
        "address": row.address,
        "priority": row.priority,
        "is_active": row.is_active,
        "version": row.version,
    }


def _item_json(item: StockItem) -> dict[str, Any]:
    return {
        "warehouse": item.warehouse.code,
        "on_hand": item.on_hand,
        "reserved": item.reserved,
        "safety_stock": item.safety_stock,
        "available": item.available,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
