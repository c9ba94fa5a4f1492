"""Writes of stock that no reservation is about: receipts, returns, adjustments, transfers, safety stock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from monolith.inventory import ledger
from monolith.inventory.contract import InvalidSku, OutOfBounds, StockAdjusted, StockReceived, UnknownWarehouse
from monolith.inventory.domain import QTY_MAX, Reason, check_quantity, check_text, insufficient, is_sku, is_text
from monolith.inventory.ledger import Cause, Change
from monolith.inventory.models import ReservationLine, StockItem, StockMovement, Warehouse
from monolith.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class Transfer:
    """What went from one warehouse to another."""

    id: UUID
    sku: str
    from_warehouse: str
    to_warehouse: str
    qty: int


@transaction.atomic
def stock_receive(*, warehouse: str, quantities: Mapping[str, int], reference: str, actor: str) -> None:
    """
    Add what has arrived; a SKU is known from its first receipt on.

    Args:
        warehouse: its code.
        quantities: SKU to units.
        reference: what it is known as elsewhere, such as a delivery note.

    Raises:
        UnknownWarehouse, InvalidSku, OutOfBounds: nothing was received.
    """
    for sku, qty in quantities.items():
        check_quantity(qty)
        if not is_sku(sku):
            raise InvalidSku(f"{sku[:64]!r} is no SKU: capital letters and digits, with . _ - between, at most 64.")
    place, cause = _warehouse(warehouse), Cause("receipt", reference, actor)
    items = ledger.opened_at({(sku, place.id) for sku in quantities})
    ledger.post(
        [Change(item, Reason.RECEIPT, cause, on_hand=quantities[item.sku]) for item in items],
        *(StockReceived(sku=sku, warehouse=warehouse, qty=qty, reference=reference) for sku, qty in quantities.items()),
    )


@transaction.atomic
def stock_return(*, return_id: UUID, order_id: UUID, quantities: Mapping[str, int], actor: str) -> None:
    """
    Put what has come back of an order where the order had it from; each SKU of a return is put back once, ever.

    What was never received anywhere did not come from here and is left alone: staff may send other things.

    Args:
        return_id: of the parcel that came back.
        quantities: SKU to units.

    Raises:
        OutOfBounds: nothing was put back.
    """
    for qty in quantities.values():
        check_quantity(qty)
    items = ledger.locked_at(_shelves_of(order_id, quantities))
    cause = Cause("return", str(return_id), actor, note=f"order {order_id}")
    booked = StockMovement.objects.filter(reason=Reason.RETURN, ref_type=cause.ref_type, ref_id=cause.ref_id)
    done = set(booked.values_list("sku", flat=True))
    back = {item: quantities[item.sku] for item in items if item.sku not in done}
    if back:
        said = {"reference": f"return {return_id}"}
        ledger.post(
            [Change(item, Reason.RETURN, cause, on_hand=qty) for item, qty in back.items()],
            *(StockReceived(sku=i.sku, warehouse=i.warehouse.code, qty=qty, **said) for i, qty in back.items()),
        )


@transaction.atomic
def stock_adjust(*, sku: str, warehouse: str, delta: int, reason: str, actor: str) -> None:
    """
    Correct what is on hand, after a count or a loss.

    Raises:
        InsufficientStock: fewer than that are there and not reserved; safety stock may be taken.
        UnknownSku, UnknownWarehouse, OutOfBounds: nothing was changed.
    """
    check_quantity(abs(delta))
    check_text(reason)
    item = _item(sku, warehouse)
    _check_free(item, -delta)
    cause = Cause("adjustment", "", actor, note=reason)
    ledger.post(
        [Change(item, Reason.ADJUSTMENT, cause, on_hand=delta)],
        StockAdjusted(sku=sku, warehouse=warehouse, delta=delta, reason=reason),
    )


@transaction.atomic
def stock_transfer(*, sku: str, from_warehouse: str, to_warehouse: str, qty: int, actor: str) -> Transfer:
    """
    Move units from one warehouse to another, in one step.

    Raises:
        InsufficientStock: fewer than that are there and not reserved; safety stock may be taken.
        UnknownSku, UnknownWarehouse, OutOfBounds: nothing was moved.
    """
    check_quantity(qty)
    if from_warehouse == to_warehouse:
        raise OutOfBounds("A transfer goes to another warehouse.")
    source_place, target_place = _warehouse(from_warehouse), _warehouse(to_warehouse)
    if not StockItem.objects.filter(sku=sku, warehouse=source_place).exists():
        raise ledger.unknown_skus([sku])
    items = {item.warehouse_id: item for item in ledger.opened_at({(sku, source_place.id), (sku, target_place.id)})}
    _check_free(items[source_place.id], qty)
    done = Transfer(uuid7(), sku, from_warehouse, to_warehouse, qty)
    cause = Cause("transfer", str(done.id), actor)
    ledger.post(
        [
            Change(items[source_place.id], Reason.TRANSFER_OUT, cause, on_hand=-qty),
            Change(items[target_place.id], Reason.TRANSFER_IN, cause, on_hand=qty),
        ]
    )
    return done


@transaction.atomic
def stock_protect(*, sku: str, warehouse: str, safety_stock: int) -> None:
    """
    Say how many units are never promised; what is reserved already stays reserved.

    Raises:
        UnknownSku, UnknownWarehouse, OutOfBounds: nothing was changed.
    """
    if not 0 <= safety_stock <= QTY_MAX:
        raise OutOfBounds(f"A safety stock is 0 to {QTY_MAX}, not {safety_stock}.")
    ledger.protect(_item(sku, warehouse), safety_stock)


def _warehouse(code: str) -> Warehouse:
    row = Warehouse.objects.filter(code=code).first() if is_text(code) else None
    if row is None:
        raise UnknownWarehouse(f"There is no warehouse {code[:32]!r}.")
    return row


def _shelves_of(order_id: UUID, skus: Collection[str]) -> set[ledger.Place]:
    """Return the warehouse of each known SKU: one that sells, and rather one where the order had it from."""
    taken = set(ReservationLine.objects.filter(reservation__order_id=order_id).values_list("sku", "warehouse_id"))
    known = StockItem.objects.filter(sku__in=[sku for sku in skus if is_sku(sku)]).select_related("warehouse")
    ranked = sorted(
        known,
        key=lambda item: (
            not item.warehouse.is_active,
            (item.sku, item.warehouse_id) not in taken,
            item.warehouse.priority,
            item.warehouse.code,
        ),
    )
    first: dict[str, UUID] = {}
    for item in ranked:
        first.setdefault(item.sku, item.warehouse_id)
    return set(first.items())


def _item(sku: str, warehouse: str) -> StockItem:
    """Return the item of a known SKU in a warehouse, locked; it is made when this warehouse never had any."""
    place = _warehouse(warehouse)
    known = set(StockItem.objects.filter(sku=sku).values_list("warehouse_id", flat=True)) if is_sku(sku) else set()
    if not known:
        raise ledger.unknown_skus([sku])
    items = ledger.locked_at if place.id in known else ledger.opened_at
    return items({(sku, place.id)})[0]


def _check_free(item: StockItem, qty: int) -> None:
    """Safety stock binds promises to customers, not the people in the warehouse."""
    free = item.on_hand - item.reserved
    if free < qty:
        raise insufficient([(item.sku, qty, free)])
