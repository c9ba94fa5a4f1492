"""The inventory's JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.inventory.contract import ReservationStatus
from monolith.inventory.domain import (
    LINES_MAX,
    QTY_MAX,
    TEXT_MAX,
    TTL_DEFAULT_S,
    TTL_MAX_S,
    WAREHOUSE_PATTERN,
    Reason,
)
from monolith.kernel.serializers import SkuField
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer


class QtyField(StrictIntegerField):
    """A number of single units, at least one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": QTY_MAX, **kwargs})


class WarehouseCodeField(StrictCharField, serializers.RegexField):
    """The code of a warehouse."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(WAREHOUSE_PATTERN, **kwargs)


class IdField(serializers.UUIDField):
    """An id as a string: a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class ReceiptSerializer(StrictSerializer):
    """What has arrived."""

    warehouse = WarehouseCodeField()
    qty = QtyField()
    reference = StrictCharField(max_length=100, required=False, allow_blank=True, help_text="of a delivery note, say")


class AdjustmentSerializer(StrictSerializer):
    """A correction after a count or a loss."""

    warehouse = WarehouseCodeField()
    delta = StrictIntegerField(min_value=-QTY_MAX, max_value=QTY_MAX, help_text="units more or, negative, fewer; not 0")
    reason = StrictCharField(max_length=TEXT_MAX)


class SafetyStockSerializer(StrictSerializer):
    """Units that are never promised."""

    warehouse = WarehouseCodeField()
    safety_stock = StrictIntegerField(min_value=0, max_value=QTY_MAX)


class LineSerializer(StrictSerializer):
    """So many units of a SKU."""

    sku = SkuField()
    qty = QtyField()

    def to_internal_value(self, data: Any) -> tuple[str, int]:
        line = super().to_internal_value(data)
        return line["sku"], line["qty"]


class NewReservationSerializer(StrictSerializer):
    """A reservation to be made."""

    order_id = IdField()
    lines = LineSerializer(many=True, allow_empty=False, max_length=LINES_MAX, help_text="one per SKU")
    ttl_seconds = StrictIntegerField(
        min_value=1, max_value=TTL_MAX_S, required=False, help_text=f"default {TTL_DEFAULT_S}"
    )
    allow_split = serializers.BooleanField(
        required=False, help_text="a line may come from several warehouses; otherwise one must have all lines"
    )


class ExtensionSerializer(StrictSerializer):
    """How much longer."""

    ttl_seconds = StrictIntegerField(min_value=1, max_value=TTL_MAX_S, help_text="from now; never shortens")


class ReasonSerializer(StrictSerializer):
    """Why a reservation is released."""

    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class EmptySerializer(StrictSerializer):
    """Nothing to say."""


class NewTransferSerializer(StrictSerializer):
    """A transfer to be made."""

    sku = SkuField()
    from_warehouse = WarehouseCodeField()
    to_warehouse = WarehouseCodeField()
    qty = QtyField()


class NewWarehouseSerializer(StrictSerializer):
    """A warehouse to be made."""

    code = WarehouseCodeField()
    address = StrictCharField(max_length=500, required=False, allow_blank=True)
    priority = StrictIntegerField(min_value=0, max_value=1_000_000, required=False, help_text="lowest first")
    is_active = serializers.BooleanField(required=False)


class WarehouseChangesSerializer(StrictSerializer):
    """What PATCH changes of a warehouse."""

    address = StrictCharField(max_length=500, allow_blank=True)
    priority = StrictIntegerField(min_value=0, max_value=1_000_000)
    is_active = serializers.BooleanField()


class WarehouseSerializer(serializers.Serializer[Any]):
    """A warehouse as it is answered."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    address = serializers.CharField(allow_blank=True)
    priority = serializers.IntegerField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


class WarehouseListSerializer(serializers.Serializer[Any]):
    """Every warehouse, by priority."""

    data = WarehouseSerializer(many=True)


class PlaceSerializer(serializers.Serializer[Any]):
    """What there is in one warehouse."""

    warehouse = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    safety_stock = serializers.IntegerField()
    available = serializers.IntegerField()


class StockLevelSerializer(serializers.Serializer[Any]):
    """What there is of a SKU."""

    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField(help_text="on_hand - reserved - safety_stock of active warehouses, at least 0")
    warehouses = PlaceSerializer(many=True)


class StockLevelsSerializer(serializers.Serializer[Any]):
    """Levels in the order asked for."""

    data = StockLevelSerializer(many=True)


class HeldSerializer(serializers.Serializer[Any]):
    """Units out of one warehouse."""

    sku = serializers.CharField()
    warehouse = serializers.CharField()
    qty = serializers.IntegerField()


class ReservationSerializer(serializers.Serializer[Any]):
    """A reservation as it is answered."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    status = serializers.ChoiceField([status.value for status in ReservationStatus])
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    lines = HeldSerializer(many=True)


class TransferSerializer(serializers.Serializer[Any]):
    """A transfer as it is answered."""

    id = serializers.UUIDField()
    sku = serializers.CharField()
    from_warehouse = serializers.CharField()
    to_warehouse = serializers.CharField()
    qty = serializers.IntegerField()


class MovementSerializer(serializers.Serializer[Any]):
    """One change of stock."""

    id = serializers.UUIDField()
    sku = serializers.CharField()
    warehouse = serializers.CharField()
    delta_on_hand = serializers.IntegerField()
    delta_reserved = serializers.IntegerField()
    reason = serializers.ChoiceField([reason.value for reason in Reason])
    ref_type = serializers.CharField()
    ref_id = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    actor = serializers.CharField()
    at = serializers.DateTimeField()


class MovementPageSerializer(serializers.Serializer[Any]):
    """A page of movements."""

    data = MovementSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)
