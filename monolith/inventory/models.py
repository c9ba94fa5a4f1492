"""
The inventory's tables.

Ids are made in the application, a SKU is a word and no reference into the catalog, and nothing relies on a sequence:
rows can move.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monolith.inventory.contract import ReservationStatus as Status
from monolith.inventory.domain import Reason, available
from monolith.kernel.append_only import AppendOnly
from monolith.kernel.ids import uuid7
from monolith.kernel.words import choices
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord

_STATUSES = choices(Status)
_REASONS = choices(Reason)


class Warehouse(models.Model):
    """
    A place where stock lies.

    Attributes:
        priority: allocations take from the lowest first.
        is_active: an inactive one keeps its stock, but promises none of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=32)
    address = models.CharField(max_length=500, blank=True, default="")
    priority = models.PositiveIntegerField(default=100)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "inventory_warehouse"
        ordering: ClassVar = ["priority", "code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["code"], name="inventory_warehouse_code_unique")]

    def __str__(self) -> str:
        return self.code


class StockItem(models.Model):
    """
    What there is of one SKU in one warehouse, in single units.

    Only the ledger changes the numbers: what is on hand or reserved leaves its movement (I4).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="items")
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    safety_stock = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "inventory_stock_item"
        ordering: ClassVar = ["sku", "warehouse_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku", "warehouse"], name="inventory_stock_item_place"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="inventory_stock_item_on_hand"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="inventory_stock_item_reserved"),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="inventory_stock_item_covered"),
            models.CheckConstraint(condition=Q(safety_stock__gte=0), name="inventory_stock_item_safety"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} in {self.warehouse}"

    @property
    def available(self) -> int:
        """What may be promised: nothing of what lies in an inactive warehouse."""
        if not self.warehouse.is_active:
            return 0
        return available(on_hand=self.on_hand, reserved=self.reserved, safety_stock=self.safety_stock)


class Reservation(models.Model):
    """Stock set aside for one order until `expires_at`; it ends once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    status = models.CharField(max_length=16, choices=_STATUSES, default=Status.ACTIVE.value)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "inventory_reservation"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id"], name="inventory_reservation_order"),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]), name="inventory_reservation_status"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(status=Status.ACTIVE.value),
                name="inventory_reservation_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} for order {self.order_id}"


class ReservationLine(models.Model):
    """So many units of a SKU out of one warehouse."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=64)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+")
    qty = models.BigIntegerField()

    class Meta:
        db_table = "inventory_reservation_line"
        ordering: ClassVar = ["sku", "warehouse_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reservation", "sku", "warehouse"], name="inventory_reservation_line_once"),
            models.CheckConstraint(condition=Q(qty__gt=0), name="inventory_reservation_line_qty"),
        ]

    def __str__(self) -> str:
        return f"{self.qty} of {self.sku}"


class StockMovement(AppendOnly):
    """
    One change of a stock item: the sums of all are the item's numbers (I4).

    `recount_stock` finds what was changed behind it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+")
    delta_on_hand = models.BigIntegerField(default=0)
    delta_reserved = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=16, choices=_REASONS)
    ref_type = models.CharField(max_length=32)
    ref_id = models.CharField(max_length=100, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    actor = models.CharField(max_length=255)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "inventory_stock_movement"
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in Reason]), name="inventory_stock_movement_reason"
            ),
            models.UniqueConstraint(
                fields=["ref_id", "sku"], condition=Q(reason=Reason.RETURN.value), name="inventory_movement_return_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["at", "id"], name="inventory_movement_by_age"),
            models.Index(fields=["sku", "at", "id"], name="inventory_movement_by_sku"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} of {self.sku}"


class ReservationStatusHistory(StatusHistory):
    """How a reservation ended: who, when, why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation = models.ForeignKey(Reservation, models.PROTECT, related_name="status_history")
    from_status = models.CharField(max_length=16, choices=_STATUSES)
    to_status = models.CharField(max_length=16, choices=_STATUSES)

    class Meta(StatusHistory.Meta):
        db_table = "inventory_reservation_status_history"


class InventoryIdempotency(IdempotencyRecord):
    """The keys of the inventory's own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "inventory_idempotency"


class InventoryCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "inventory_command"


class InventoryOutbox(OutboxEvent):
    """What the inventory says has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "inventory_outbox"


class InventoryOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "inventory_outbox_copy"


class InventoryOutboxStream(OutboxStream):
    """How far each SKU's and each reservation's events have come; `ledger.opened_at` makes those of new SKUs."""

    class Meta(OutboxStream.Meta):
        db_table = "inventory_outbox_stream"


class InventoryInbox(InboxMessage):
    """What has had its effect: ticks of the clock, and returns of which shipping has told."""

    class Meta(InboxMessage.Meta):
        db_table = "inventory_inbox"


class InventoryInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "inventory_inbox_cursor"
