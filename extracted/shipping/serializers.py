"""Shipping's JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from extracted.shipping.domain import (
    ITEMS_MAX,
    PARCELS_MAX,
    QTY_MAX,
    SIDE_MAX_MM,
    TEXT_MAX,
    WEIGHT_MAX_G,
)
from extracted.shipping.models import Label
from extracted.shipping.quoting import OPTION_LENGTH_MAX
from monolith.kernel.serializers import MoneySerializer, SkuField
from monolith.shipping.contract import Address, Item, Parcel, ShipmentStatus, TrackingStatus
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer

_CODE = r"^[a-z][a-z0-9_]{0,31}$"


class CodeField(StrictCharField, serializers.RegexField):
    """The code of a carrier or a service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_CODE, **kwargs)


class IdField(serializers.UUIDField):
    """An id as a string: a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class AddressSerializer(StrictSerializer):
    """Where something goes or comes from; what is wrong with it is a refusal `address_invalid`, field by field."""

    name = StrictCharField(max_length=500, allow_blank=True)
    line1 = StrictCharField(max_length=500, allow_blank=True)
    line2 = StrictCharField(max_length=500, allow_blank=True, required=False)
    city = StrictCharField(max_length=500, allow_blank=True)
    region = StrictCharField(max_length=500, allow_blank=True, required=False, help_text="a state or province")
    postal_code = StrictCharField(max_length=500, allow_blank=True, required=False)
    country = StrictCharField(max_length=500, allow_blank=True, help_text="ISO 3166-1 alpha-2")

    def to_internal_value(self, data: Any) -> Address:
        return Address(**super().to_internal_value(data))


class _Measured(StrictSerializer):
    weight_g = StrictIntegerField(min_value=1, max_value=WEIGHT_MAX_G)
    length_mm = StrictIntegerField(min_value=1, max_value=SIDE_MAX_MM)
    width_mm = StrictIntegerField(min_value=1, max_value=SIDE_MAX_MM)
    height_mm = StrictIntegerField(min_value=1, max_value=SIDE_MAX_MM)


class ItemSerializer(_Measured):
    """So many units of a SKU, and what one of them weighs and measures, packed."""

    sku = SkuField()
    qty = StrictIntegerField(min_value=1, max_value=QTY_MAX)

    def to_internal_value(self, data: Any) -> Item:
        return Item(**super().to_internal_value(data))


class ParcelInputSerializer(_Measured):
    """A box that is packed already."""

    def to_internal_value(self, data: Any) -> Parcel:
        return Parcel(**super().to_internal_value(data))


class LineInputSerializer(StrictSerializer):
    """So many units of a SKU."""

    sku = SkuField()
    qty = StrictIntegerField(min_value=1, max_value=QTY_MAX)


class _FromField:
    """`from` is a word of Python, and no attribute can have its name."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()  # type: ignore[misc]
        fields["from"] = AddressSerializer(required=False, help_text="default: our own")
        return dict(fields)


class QuoteRequestSerializer(_FromField, StrictSerializer):
    """What is to be sent where; either `lines` or `parcels`."""

    to = AddressSerializer()
    lines = ItemSerializer(many=True, required=False, max_length=ITEMS_MAX, help_text="one per SKU")
    parcels = ParcelInputSerializer(many=True, required=False, max_length=PARCELS_MAX)

    def validate(self, attrs: Any) -> Any:
        if bool(attrs.get("lines")) == bool(attrs.get("parcels")):
            raise serializers.ValidationError("Give either lines or parcels.", code="either")
        return attrs


class NewShipmentSerializer(_FromField, StrictSerializer):
    """A shipment to be made; `option_id` of a quote for the same lines, or `carrier` and `service`."""

    order_id = IdField()
    customer_id = IdField(required=False, help_text="who may read it, beside staff")
    to = AddressSerializer()
    lines = ItemSerializer(many=True, allow_empty=False, max_length=ITEMS_MAX, help_text="one per SKU")
    ordered = LineInputSerializer(
        many=True,
        required=False,
        max_length=ITEMS_MAX,
        help_text="what the whole order has, with its first shipment; default: `lines`",
    )
    option_id = StrictCharField(max_length=OPTION_LENGTH_MAX, required=False)
    carrier = CodeField(required=False)
    service = CodeField(required=False)

    def validate(self, attrs: Any) -> Any:
        by_code = "carrier" in attrs and "service" in attrs
        if ("option_id" in attrs) == by_code or ("carrier" in attrs) != ("service" in attrs):
            raise serializers.ValidationError("Give either option_id, or carrier and service.", code="either")
        return attrs


class ReturnSerializer(StrictSerializer):
    """What is sent back; everything that is left when nothing is said."""

    lines = LineInputSerializer(many=True, required=False, allow_empty=False, max_length=ITEMS_MAX)


class ReasonSerializer(StrictSerializer):
    """Why a shipment is cancelled."""

    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class EmptySerializer(StrictSerializer):
    """Nothing to say."""


class OptionSerializer(serializers.Serializer[Any]):
    """One way to send it."""

    option_id = serializers.CharField()
    carrier = serializers.CharField()
    service = serializers.CharField()
    price = MoneySerializer()
    eta_min = serializers.DateTimeField()
    eta_max = serializers.DateTimeField()


class MessageSerializer(serializers.Serializer[Any]):
    """Why a carrier offers nothing."""

    carrier = serializers.CharField()
    code = serializers.ChoiceField(["timed_out", "unreachable", "bad_reply", "refused"])
    text = serializers.CharField()


class QuoteSerializer(serializers.Serializer[Any]):
    """What it would cost; the prices are honoured until it expires."""

    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()
    options = OptionSerializer(many=True, help_text="cheapest first")
    messages = MessageSerializer(many=True, help_text="of carriers that could not be asked")


class PlaceSerializer(serializers.Serializer[Any]):
    """An address as it was when the shipment was made."""

    name = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField(allow_blank=True)
    city = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    """So many units of a SKU."""

    sku = serializers.CharField()
    qty = serializers.IntegerField()


class ParcelSerializer(serializers.Serializer[Any]):
    """One box and its label."""

    number = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    length_mm = serializers.IntegerField()
    width_mm = serializers.IntegerField()
    height_mm = serializers.IntegerField()
    tracking_number = serializers.CharField(allow_null=True)
    label_url = serializers.CharField(allow_blank=True, help_text="empty when the shop prints it")
    label_state = serializers.ChoiceField(Label.State.values)


class ShipmentSerializer(serializers.Serializer[Any]):
    """A shipment as it is answered."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    returns = serializers.UUIDField(allow_null=True, help_text="the shipment that this one brings back")
    status = serializers.ChoiceField([status.value for status in ShipmentStatus])
    carrier = serializers.CharField()
    service = serializers.CharField()
    tracking_number = serializers.CharField(allow_null=True)
    cost = MoneySerializer(allow_null=True)
    eta = serializers.DateTimeField(allow_null=True)
    to = PlaceSerializer()
    lines = LineSerializer(many=True)
    parcels = ParcelSerializer(many=True)
    problem = serializers.CharField(allow_blank=True, help_text="why it does not go on without somebody")
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": PlaceSerializer()}


class ShipmentPageSerializer(serializers.Serializer[Any]):
    """A page of shipments."""

    data = ShipmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class TrackingEventSerializer(serializers.Serializer[Any]):
    """What was seen of a parcel."""

    tracking_number = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField([status.value for status in TrackingStatus])
    carrier_code = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    location = serializers.CharField(allow_blank=True)
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class TrackingSerializer(serializers.Serializer[Any]):
    """Everything that was seen, in the order in which it happened."""

    data = TrackingEventSerializer(many=True)


class PublicEventSerializer(serializers.Serializer[Any]):
    """What anybody may know of an event."""

    status = serializers.ChoiceField([status.value for status in TrackingStatus])
    occurred_at = serializers.DateTimeField()


class PublicTrackingSerializer(serializers.Serializer[Any]):
    """What anybody may know who has a number."""

    carrier = serializers.CharField()
    status = serializers.ChoiceField([status.value for status in ShipmentStatus])
    eta = serializers.DateTimeField(allow_null=True)
    country = serializers.CharField()
    events = PublicEventSerializer(many=True)
