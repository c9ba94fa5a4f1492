"""The inventory's admin: lists, and what the people in a warehouse correct, over the same services as REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.inventory.domain import QTY_MAX
from monolith.inventory.models import (
    Reservation,
    ReservationLine,
    ReservationStatusHistory,
    StockItem,
    StockMovement,
    Warehouse,
)
from monolith.inventory.selectors import status_of
from monolith.inventory.services import reservations, stock, warehouses
from strangler.hosting.admin import OwnedAdmin, ShownInline


class _InventoryAdmin(OwnedAdmin):
    """Nothing is deleted here: the books refer to it."""

    capability = "inventory"
    elsewhere = "/api/inventory/docs"
    list_per_page = 50
    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Lines(ShownInline):
    model = ReservationLine
    fields = ("sku", "warehouse", "qty")


class _Steps(ShownInline):
    model = ReservationStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


@admin.register(Warehouse)
class WarehouseAdmin(_InventoryAdmin):
    """Warehouses; the code stays what it is."""

    list_display = ("code", "address", "priority", "is_active")
    list_filter = ("is_active",)
    search_fields = ("code", "address")
    _content: ClassVar = ("address", "priority", "is_active")
    fields = ("code", *_content)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("code",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = {name: form.cleaned_data[name] for name in self._content}
        if change:
            warehouses.warehouse_update(warehouse=Warehouse.objects.get(id=obj.id), changes=content)
        else:
            obj.id = warehouses.warehouse_create(code=obj.code, **content).id


class StockItemForm(forms.ModelForm):
    """On hand is corrected by a movement with a reason, not edited."""

    delta = forms.IntegerField(
        min_value=-QTY_MAX, max_value=QTY_MAX, required=False, help_text="units more or, negative, fewer on hand"
    )
    reason = forms.CharField(max_length=500, required=False, help_text="of the correction")

    def clean(self) -> Any:
        if self.cleaned_data.get("delta") and not self.cleaned_data.get("reason"):
            raise forms.ValidationError({"reason": "A correction needs a reason."})
        return super().clean()


@admin.register(StockItem)
class StockItemAdmin(_InventoryAdmin):
    """Stock per SKU and warehouse; new SKUs come by receipt."""

    form = StockItemForm
    list_display = ("sku", "warehouse", "on_hand", "reserved", "safety_stock", "available")
    list_filter = (("warehouse", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("warehouse",)
    search_fields = ("sku__startswith",)
    readonly_fields = ("sku", "warehouse", "on_hand", "reserved", "available", "version")
    fields = (*readonly_fields, "safety_stock", "delta", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        place = {"sku": obj.sku, "warehouse": obj.warehouse.code}
        content = form.cleaned_data
        if "safety_stock" in form.changed_data:
            stock.stock_protect(**place, safety_stock=content["safety_stock"])
        if content["delta"]:
            stock.stock_adjust(**place, delta=content["delta"], reason=content["reason"], actor=_actor(request))


class _Looked(_InventoryAdmin):
    """Rows that nobody edits."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Reservation)
class ReservationAdmin(_Looked):
    """Reservations; an active one can be released."""

    list_display = ("id", "order_id", "state", "expires_at", "created_at")
    list_filter = ("status",)
    search_fields = ("id__exact", "order_id__exact")
    ordering = ("-created_at",)
    inlines = (_Lines, _Steps)
    actions = ("release",)

    @admin.display(description="status", ordering="status")
    def state(self, row: Reservation) -> str:
        """The status that counts: expired as soon as the time has come."""
        return status_of(row).value

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Whether somebody who could change rows here may release; there is nothing else to change."""
        return _InventoryAdmin.has_change_permission(self, request)

    @admin.action(description="Release", permissions=["release"])
    def release(self, request: HttpRequest, queryset: QuerySet[Reservation]) -> None:
        """Release each that can be."""
        said = {"actor": _actor(request), "reason": "by hand"}
        self.each(request, queryset, lambda row: reservations.reservation_release(reservation_id=row.id, **said))


@admin.register(StockMovement)
class StockMovementAdmin(_Looked):
    """The journal."""

    list_display = ("at", "sku", "warehouse", "reason", "delta_on_hand", "delta_reserved", "ref_type", "actor", "note")
    list_filter = ("reason", ("warehouse", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("warehouse",)
    search_fields = ("sku__startswith", "ref_id__exact")
    ordering = ("-at", "-id")


def _actor(request: HttpRequest) -> str:
    """The subject under which REST knows the same person."""
    return str(request.user.pk)
