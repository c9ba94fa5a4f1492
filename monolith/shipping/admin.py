"""Shipping's admin: carriers, zones and prices, and what people do with shipments, over the same services as REST."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.shipping.carriers.registry import CODES
from monolith.shipping.contract import ShippingError
from monolith.shipping.models import (
    Carrier,
    Label,
    OrderedLine,
    Parcel,
    Shipment,
    ShipmentLine,
    ShipmentStatusHistory,
    ShippingRateRule,
    TrackingEvent,
    Webhook,
    Zone,
)
from monolith.shipping.services import shipments
from strangler.hosting.admin import OwnedAdmin, ShownInline


class _ShippingAdmin(OwnedAdmin):
    """Nothing is deleted here: shipments refer to it."""

    capability = "shipping"
    elsewhere = "/api/shipping/docs"
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Looked(_ShippingAdmin):
    """Rows that nobody edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Carrier)
class CarrierAdmin(_ShippingAdmin):
    """Carriers; how one is spoken to is code, so none is added here."""

    list_display = ("code", "name", "services", "is_active")
    readonly_fields = ("code",)
    fields = ("code", "name", "services", "is_active")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and Carrier.objects.count() < len(CODES)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("code",)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "code":
            field.help_text = f"one of {', '.join(CODES)}"
        return field


@admin.register(Zone)
class ZoneAdmin(_ShippingAdmin):
    """Zones; the first that covers an address counts."""

    list_display = ("code", "priority", "countries", "postal_patterns", "postal_exclusions")


@admin.register(ShippingRateRule)
class ShippingRateRuleAdmin(_ShippingAdmin):
    """Prices of the shop's own post; what was quoted stays as it was quoted."""

    list_display = ("zone", "service", "weight_min_kg", "weight_max_kg", "base_minor", "per_kg_minor", "currency")
    list_filter = ("zone", "service")
    list_select_related = ("zone",)


class _Lines(ShownInline):
    model = ShipmentLine
    fields = ("sku", "qty")


class _Parcels(ShownInline):
    model = Parcel
    fields = ("number", "weight_g", "length_mm", "width_mm", "height_mm", "label")
    readonly_fields = ("label",)

    @admin.display(description="label")
    def label(self, parcel: Parcel) -> str:
        """What became of its label."""
        label = parcel.label
        return f"{label.state} {label.tracking_number or ''} {label.last_error}".strip()


class _Tracking(ShownInline):
    model = TrackingEvent
    fields = ("occurred_at", "status", "description", "location", "received_at")
    verbose_name_plural = "tracking"


class _Steps(ShownInline):
    model = ShipmentStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


@admin.register(Shipment)
class ShipmentAdmin(_Looked):
    """Shipments; those that were not picked up can be cancelled, and a refused label asked for again."""

    list_display = ("id", "order_id", "status", "carrier", "service", "problem", "created_at")
    list_filter = ("status", ("carrier", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("carrier",)
    search_fields = ("id__exact", "order_id__exact", "parcels__label__tracking_number__exact")
    ordering = ("-created_at",)
    inlines = (_Lines, _Parcels, _Tracking, _Steps)
    actions = ("cancel", "buy_labels")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether somebody who could change rows here may act; there is nothing else to change."""
        return _ShippingAdmin.has_change_permission(self, request)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> None:
        """Cancel each that can be."""
        said = {"actor": str(request.user.pk), "reason": "by hand"}
        self._each(request, queryset, lambda row: shipments.shipment_cancel(shipment_id=row.id, **said))

    @admin.action(description="Buy the labels that are missing", permissions=["act"])
    def buy_labels(self, request: HttpRequest, queryset: QuerySet[Shipment]) -> None:
        """Ask for the labels of each draft again."""
        self._each(request, queryset, lambda row: shipments.label_demand(shipment_id=row.id))

    def _each(self, request: HttpRequest, queryset: QuerySet[Shipment], act: Any) -> None:
        done = 0
        for row in queryset:
            try:
                act(row)
                done += 1
            except ShippingError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
        if done:
            self.message_user(request, f"{done} done.")


@admin.register(Label)
class LabelAdmin(_Looked):
    """Labels: what is still to be asked of carriers comes first."""

    list_display = ("id", "carrier", "state", "tracking_number", "attempts", "next_at", "last_error")
    list_filter = ("state", ("carrier", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("carrier",)
    search_fields = ("tracking_number__exact",)


@admin.register(OrderedLine)
class OrderedLineAdmin(_Looked):
    """What orders have, and how much of it is in shipments."""

    list_display = ("order_id", "sku", "ordered", "shipped")
    search_fields = ("order_id__exact", "sku__startswith")


@admin.register(Webhook)
class WebhookAdmin(_Looked):
    """What carriers have sent; those that were given up say why."""

    list_display = ("received_at", "carrier", "attempts", "taken_at", "dead_at", "last_error")
    list_filter = (("carrier", admin.RelatedOnlyFieldListFilter), ("dead_at", admin.EmptyFieldListFilter))
    list_select_related = ("carrier",)
    ordering = ("-received_at",)
