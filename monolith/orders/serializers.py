"""The orders' JSON: what they read, and what they write (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.kernel.money import EXPONENTS
from monolith.kernel.serializers import MoneySerializer, SkuField
from monolith.orders.contract import (
    Address,
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    RejectReason,
    SagaState,
)
from monolith.orders.domain import CHOSEN_MAX, LINES_MAX, QTY_MAX, TEXT_MAX
from monolith.orders.models import SagaStepLog
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer

_TOKEN = "a token of the payment provider's vault, such as tok_visa; never a card number"  # noqa: S105  a help text


class IdField(serializers.UUIDField):
    """An id as a string: a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class QtyField(StrictIntegerField):
    """A number of single units, at least one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": QTY_MAX, **kwargs})


class NewCartSerializer(StrictSerializer):
    """A cart to be begun."""

    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False, help_text="default USD")


class NewLineSerializer(StrictSerializer):
    """How many units."""

    qty = QtyField()


class MergeSerializer(StrictSerializer):
    """Which cart is put into this one."""

    cart_id = IdField()


class AddressSerializer(StrictSerializer):
    """Where an order goes; whether anything can be sent there is said by `address_undeliverable`."""

    name = StrictCharField(max_length=100)
    line1 = StrictCharField(max_length=100)
    line2 = StrictCharField(max_length=100, allow_blank=True, required=False)
    city = StrictCharField(max_length=80)
    region = StrictCharField(max_length=60, allow_blank=True, required=False, help_text="a state or province")
    postal_code = StrictCharField(max_length=16, allow_blank=True, required=False)
    country = StrictCharField(max_length=2, min_length=2, help_text="ISO 3166-1 alpha-2")

    def to_internal_value(self, data: Any) -> Address:
        return Address(**super().to_internal_value(data))


class NewOrderSerializer(StrictSerializer):
    """An order to be placed."""

    id = IdField(required=False, help_text="made by the client: one order, ever")
    cart_id = IdField()
    shipping_option_id = StrictCharField(max_length=CHOSEN_MAX, help_text="of the cart's shipping options")
    address = AddressSerializer()
    billing_address = AddressSerializer(required=False, help_text="default: the same")
    payment_method_token = StrictCharField(max_length=64, help_text=_TOKEN)
    expected_total = MoneySerializer(help_text="what the customer has seen; refused when it costs something else")


class ReasonSerializer(StrictSerializer):
    """Why."""

    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class LineInputSerializer(StrictSerializer):
    """So many units of a SKU."""

    sku = SkuField()
    qty = QtyField()


class ReturnSerializer(StrictSerializer):
    """What will come back; all of it unless given."""

    lines = LineInputSerializer(many=True, required=False, allow_empty=False, max_length=LINES_MAX)
    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class EmptySerializer(StrictSerializer):
    """Nothing to say."""


class CartLineSerializer(serializers.Serializer[Any]):
    """So many units of a SKU."""

    sku = serializers.CharField()
    qty = serializers.IntegerField()


class CartSerializer(serializers.Serializer[Any]):
    """A cart as it is answered."""

    id = serializers.UUIDField()
    currency = serializers.ChoiceField(sorted(EXPONENTS))
    lines = CartLineSerializer(many=True)
    order_id = serializers.UUIDField(allow_null=True, help_text="what became of it")
    expires_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class OptionSerializer(serializers.Serializer[Any]):
    """One way to send a cart."""

    option_id = serializers.CharField()
    carrier = serializers.CharField()
    service = serializers.CharField()
    price = MoneySerializer()
    eta_min = serializers.DateTimeField()
    eta_max = serializers.DateTimeField()


class OptionsSerializer(serializers.Serializer[Any]):
    """Every way to send a cart, cheapest first."""

    data = OptionSerializer(many=True)


class OrderLineSerializer(serializers.Serializer[Any]):
    """A line as it was ordered."""

    sku = serializers.CharField()
    name = serializers.CharField()
    qty = serializers.IntegerField()
    returned_qty = serializers.IntegerField()
    unit_price = MoneySerializer()
    discount = MoneySerializer()
    tax = MoneySerializer()
    total = MoneySerializer()


class PlaceSerializer(serializers.Serializer[Any]):
    """An address as it is answered."""

    name = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField(allow_blank=True)
    city = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    country = serializers.CharField()


class OrderSerializer(serializers.Serializer[Any]):
    """An order as it is answered."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    customer_id = serializers.UUIDField()
    status = serializers.ChoiceField([status.value for status in OrderStatus])
    payment_status = serializers.ChoiceField([status.value for status in PaymentStatus])
    fulfilment_status = serializers.ChoiceField([status.value for status in FulfilmentStatus])
    subtotal = MoneySerializer()
    discount = MoneySerializer()
    shipping = MoneySerializer()
    tax = MoneySerializer()
    total = MoneySerializer()
    refunded = MoneySerializer()
    lines = OrderLineSerializer(many=True)
    shipping_address = PlaceSerializer()
    billing_address = PlaceSerializer()
    reject_reason = serializers.ChoiceField([reason.value for reason in RejectReason], allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    action_url = serializers.CharField(
        allow_blank=True, help_text="where the customer proves who they are, while the payment waits for that"
    )
    placed_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()


class OrderPageSerializer(serializers.Serializer[Any]):
    """A page of orders."""

    data = OrderSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class StepSerializer(serializers.Serializer[Any]):
    """One step of an order's life."""

    to = serializers.ChoiceField([status.value for status in OrderStatus])
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, and no attribute can have its name."""
        fields = super().get_fields()
        fields["from"] = serializers.ChoiceField([status.value for status in OrderStatus])
        return dict(fields)


class HistorySerializer(serializers.Serializer[Any]):
    """Every status that an order had, the first one first."""

    data = StepSerializer(many=True)


class SagaStepSerializer(serializers.Serializer[Any]):
    """One step of a saga as it went."""

    step = serializers.CharField()
    direction = serializers.ChoiceField(SagaStepLog.Direction.values)
    key = serializers.CharField()
    outcome = serializers.ChoiceField(SagaStepLog.Outcome.values)
    tries = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    begun_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class SagaSerializer(serializers.Serializer[Any]):
    """How far a saga is, and how it came there."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    kind = serializers.ChoiceField(["checkout", "return"])
    state = serializers.ChoiceField([state.value for state in SagaState])
    step = serializers.CharField()
    attempt = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    next_run_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    log = SagaStepSerializer(many=True)


class SagaPageSerializer(serializers.Serializer[Any]):
    """A page of sagas."""

    data = SagaSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)
