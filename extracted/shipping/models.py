"""
Shipping's tables.

Ids are made in the application, orders and customers are ids and SKUs are words without references, and nothing relies
on a sequence: rows can move.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.kernel.money import EXPONENTS, Money
from monolith.shipping.contract import ShipmentStatus as Status
from monolith.shipping.contract import TrackingStatus
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord

_STATUSES = [(status.value, status.value) for status in Status]
_SEEN = [(status.value, status.value) for status in TrackingStatus]
_CURRENCIES = [(currency, currency) for currency in sorted(EXPONENTS)]


class Carrier(models.Model):
    """
    Who brings parcels.

    Attributes:
        code: says how it is spoken to, see `carriers`.
        services: codes that are offered to customers; the carrier may have more.
        is_active: an inactive one is asked for nothing new; what it has already goes on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    services = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "shipping_carrier"
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["code"], name="shipping_carrier_code_unique")]

    def __str__(self) -> str:
        return self.code


class Zone(models.Model):
    """Where a rule holds; an address is in the first zone, by priority, that covers it. See `zones.Area`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=32)
    priority = models.PositiveIntegerField(default=100)
    countries = models.JSONField(default=list)
    postal_patterns = models.JSONField(default=list, blank=True)
    postal_exclusions = models.JSONField(default=list, blank=True)

    class Meta:
        db_table = "shipping_zone"
        ordering: ClassVar = ["priority", "code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["code"], name="shipping_zone_code_unique")]

    def __str__(self) -> str:
        return self.code


class ShippingRateRule(models.Model):
    """What a service of the table costs in a zone, for parcels of so many billable kilograms; in minor units."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    zone = models.ForeignKey(Zone, models.PROTECT, related_name="rules")
    service = models.CharField(max_length=32)
    weight_min_kg = models.PositiveIntegerField(default=0)
    weight_max_kg = models.PositiveIntegerField()
    base_minor = models.BigIntegerField()
    per_kg_minor = models.BigIntegerField(default=0)
    per_item_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, choices=_CURRENCIES)
    dim_factor = models.PositiveIntegerField(default=5000)
    days_min = models.PositiveSmallIntegerField(default=2)
    days_max = models.PositiveSmallIntegerField(default=5)

    class Meta:
        db_table = "shipping_rate_rule"
        ordering: ClassVar = ["zone_id", "service", "weight_min_kg"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["zone", "service", "weight_min_kg"], name="shipping_rate_rule_from"),
            models.CheckConstraint(
                condition=Q(weight_min_kg__lte=F("weight_max_kg")), name="shipping_rate_rule_weight"
            ),
            models.CheckConstraint(
                condition=Q(base_minor__gte=0, per_kg_minor__gte=0, per_item_minor__gte=0),
                name="shipping_rate_rule_amounts",
            ),
            models.CheckConstraint(condition=Q(dim_factor__gt=0), name="shipping_rate_rule_dim_factor"),
            models.CheckConstraint(condition=Q(days_min__lte=F("days_max")), name="shipping_rate_rule_days"),
        ]

    def __str__(self) -> str:
        return f"{self.service} in {self.zone}"


class OrderedLine(models.Model):
    """How many units of a SKU an order has, and how many of them are in shipments that were not cancelled."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    sku = models.CharField(max_length=64)
    ordered = models.BigIntegerField()
    shipped = models.BigIntegerField(default=0)

    class Meta:
        db_table = "shipping_ordered_line"
        ordering: ClassVar = ["order_id", "sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "sku"], name="shipping_ordered_line_once"),
            models.CheckConstraint(condition=Q(shipped__gte=0), name="shipping_ordered_line_shipped"),
            models.CheckConstraint(condition=Q(shipped__lte=F("ordered")), name="shipping_ordered_line_covered"),
        ]

    def __str__(self) -> str:
        return f"{self.shipped} of {self.ordered} {self.sku}"


class Shipment(models.Model):
    """
    What goes to a customer, or comes back.

    Attributes:
        customer_id: who may read it beside staff.
        returns: the shipment that this one brings back; None for one that goes out.
        quote_id: whose price it has.
        problem: why it does not go on without somebody, such as a label that the carrier refuses.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    customer_id = models.UUIDField(null=True)
    returns = models.ForeignKey("self", models.PROTECT, null=True, related_name="sent_back")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="+")
    service = models.CharField(max_length=32)
    status = models.CharField(max_length=20, choices=_STATUSES, default=Status.DRAFT.value)
    quote_id = models.UUIDField(null=True)
    cost_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, choices=_CURRENCIES, blank=True, default="")
    from_address = models.JSONField()
    to_address = models.JSONField()
    eta = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "shipping_shipment"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]), name="shipping_shipment_status"
            ),
            models.CheckConstraint(condition=Q(cost_minor__gte=0), name="shipping_shipment_cost"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["created_at", "id"], name="shipping_shipment_by_age"),
            models.Index(fields=["order_id"], name="shipping_shipment_by_order"),
            models.Index(fields=["customer_id", "created_at", "id"], name="shipping_shipment_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.status} for order {self.order_id}"

    @property
    def cost(self) -> Money | None:
        """As quoted, otherwise what the carrier took; None until that is known."""
        return None if self.cost_minor is None else Money(self.cost_minor, self.currency)


class ShipmentLine(models.Model):
    """So many units of a SKU in a shipment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=64)
    qty = models.BigIntegerField()

    class Meta:
        db_table = "shipping_shipment_line"
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shipment", "sku"], name="shipping_shipment_line_once"),
            models.CheckConstraint(condition=Q(qty__gt=0), name="shipping_shipment_line_qty"),
        ]

    def __str__(self) -> str:
        return f"{self.qty} of {self.sku}"


class Parcel(models.Model):
    """One box of a shipment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="parcels")
    number = models.PositiveSmallIntegerField()
    weight_g = models.PositiveIntegerField()
    length_mm = models.PositiveIntegerField()
    width_mm = models.PositiveIntegerField()
    height_mm = models.PositiveIntegerField()

    class Meta:
        db_table = "shipping_parcel"
        ordering: ClassVar = ["shipment_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shipment", "number"], name="shipping_parcel_number_once")
        ]

    def __str__(self) -> str:
        return f"parcel {self.number}"


class Label(models.Model):
    """
    The label of one parcel: there is never a second one.

    Its id is the key under which the carrier is asked, so a repeat is the same label there, too.

    Attributes:
        state: `due` to be bought; `asked`, which may or may not have had its effect; `bought`; `refused`; `unwanted`,
            to be given back; `given_back`; `kept`, because the carrier does not take it back.
        next_at: not before then is the carrier asked again; while somebody asks, nobody else does.
        carrier: the shipment's, so that the database knows that a number is given once.
    """

    class State(models.TextChoices):
        DUE = "due"
        ASKED = "asked"
        BOUGHT = "bought"
        REFUSED = "refused"
        UNWANTED = "unwanted"
        GIVEN_BACK = "given_back"
        KEPT = "kept"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    parcel = models.OneToOneField(Parcel, models.PROTECT, related_name="label")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    tracking_number = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULL is not unique, "" would be
    url = models.CharField(max_length=500, blank=True, default="")
    cost_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, choices=_CURRENCIES, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        db_table = "shipping_label"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["carrier", "tracking_number"], name="shipping_label_number_once"),
            models.CheckConstraint(
                condition=~Q(state="bought") | Q(tracking_number__isnull=False), name="shipping_label_bought"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at", "id"],
                condition=Q(state__in=["due", "asked", "unwanted"]),
                name="shipping_label_next",
            ),
            models.Index(fields=["tracking_number"], name="shipping_label_by_number"),
        ]

    def __str__(self) -> str:
        return self.tracking_number or f"{self.state} label"


class TrackingEvent(models.Model):
    """What a carrier has seen of a parcel, once for each of its own ids."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="tracking")
    label = models.ForeignKey(Label, models.PROTECT, related_name="tracking")
    carrier_event_id = models.CharField(max_length=100)
    status = models.CharField(max_length=24, choices=_SEEN)
    carrier_code = models.CharField(max_length=32, blank=True, default="")
    description = models.CharField(max_length=200, blank=True, default="")
    location = models.CharField(max_length=100, blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "shipping_tracking_event"
        ordering: ClassVar = ["occurred_at", "carrier_event_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shipment", "carrier_event_id"], name="shipping_tracking_event_once")
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.occurred_at}"


class Webhook(models.Model):
    """
    What a carrier has sent, as it was received; its signature was right.

    Attributes:
        taken_at: when it had its effect, or none because it was known already.
        dead_at: when it was given up; `last_error` says why.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="+")
    payload = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        db_table = "shipping_webhook"
        ordering: ClassVar = ["received_at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at", "id"],
                condition=Q(taken_at__isnull=True, dead_at__isnull=True),
                name="shipping_webhook_next",
            ),
            models.Index(fields=["received_at"], name="shipping_webhook_by_age"),
        ]

    def __str__(self) -> str:
        return f"from {self.carrier} at {self.received_at}"


class ShipmentStatusHistory(StatusHistory):
    """How a shipment went on: who, when, why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="status_history")
    from_status = models.CharField(max_length=20, choices=_STATUSES)
    to_status = models.CharField(max_length=20, choices=_STATUSES)

    class Meta(StatusHistory.Meta):
        db_table = "shipping_shipment_status_history"


class ShippingIdempotency(IdempotencyRecord):
    """The keys of shipping's own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "shipping_idempotency"


class ShippingCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "shipping_command"


class ShippingOutbox(OutboxEvent):
    """What shipping says has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "shipping_outbox"


class ShippingOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "shipping_outbox_copy"


class ShippingOutboxStream(OutboxStream):
    """How far each shipment's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "shipping_outbox_stream"


class ShippingInbox(InboxMessage):
    """What has had its effect: ticks of the clock, and events once shipping listens to others."""

    class Meta(InboxMessage.Meta):
        db_table = "shipping_inbox"


class ShippingInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "shipping_inbox_cursor"


def update_versioned(row: Shipment, **columns: Any) -> None:
    """Change a locked shipment, and the row given with it."""
    columns["version"] = row.version + 1
    Shipment.objects.filter(id=row.id).update(**columns)
    for name, value in columns.items():
        setattr(row, name, value)
