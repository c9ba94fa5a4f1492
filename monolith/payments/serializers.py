"""The payments' JSON: what they read, and what they write (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.kernel.serializers import MoneySerializer
from monolith.payments.contract import CaptureMethod, PaymentStatus, RefundStatus
from monolith.payments.domain import ATTEMPT_MAX, TEXT_MAX
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer

_TOLD = "a token of the provider's vault, such as tok_visa; never a card number"


class IdField(serializers.UUIDField):
    """An id as a string: a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class TokenField(StrictCharField):
    """A payment method; whether it is a token is checked where it cannot be repeated to anybody."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 64, "help_text": _TOLD, **kwargs})


class NewIntentSerializer(StrictSerializer):
    """A payment to be made."""

    order_id = IdField()
    attempt = StrictIntegerField(
        min_value=1, max_value=ATTEMPT_MAX, required=False, help_text="of the order; default 1"
    )
    customer = StrictCharField(max_length=255, help_text="whose payment it is: the subject that may read it")
    amount = MoneySerializer()
    capture_method = serializers.ChoiceField(
        [method.value for method in CaptureMethod], required=False, help_text="default manual"
    )
    payment_method = TokenField(required=False)


class ConfirmationSerializer(StrictSerializer):
    """What to pay with, unless that is attached already."""

    payment_method = TokenField(required=False)


class CaptureSerializer(StrictSerializer):
    """How much to take."""

    amount = MoneySerializer(required=False, help_text="all that is authorised unless given")


class ReasonSerializer(StrictSerializer):
    """Why a payment is given up."""

    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class NewRefundSerializer(StrictSerializer):
    """A refund to be made."""

    id = IdField(required=False, help_text="one refund, ever; made here unless given")
    payment_intent = IdField()
    amount = MoneySerializer(required=False, help_text="all that is left unless given")
    reason = StrictCharField(max_length=TEXT_MAX, required=False, allow_blank=True)


class NewReconciliationSerializer(StrictSerializer):
    """Which books to compare."""

    provider = StrictCharField(max_length=32)
    date = serializers.DateField(help_text="a day of UTC")


class FailureSerializer(serializers.Serializer[Any]):
    """Why the last step failed."""

    code = serializers.CharField()
    decline_code = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class ActionSerializer(serializers.Serializer[Any]):
    """What the customer is to do."""

    type = serializers.CharField()
    url = serializers.CharField(allow_blank=True)


class ShownMethodSerializer(serializers.Serializer[Any]):
    """What may be shown of a payment method."""

    id = serializers.UUIDField()
    brand = serializers.CharField(allow_blank=True)
    last4 = serializers.CharField(allow_blank=True)
    exp_month = serializers.IntegerField(allow_null=True)
    exp_year = serializers.IntegerField(allow_null=True)


class IntentSerializer(serializers.Serializer[Any]):
    """A payment as it is answered."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    attempt = serializers.IntegerField()
    customer = serializers.CharField()
    status = serializers.ChoiceField([status.value for status in PaymentStatus])
    amount = MoneySerializer()
    amount_capturable = MoneySerializer()
    amount_captured = MoneySerializer()
    amount_refunded = MoneySerializer()
    amount_refund_pending = MoneySerializer()
    capture_method = serializers.ChoiceField([method.value for method in CaptureMethod])
    payment_method = ShownMethodSerializer(allow_null=True)
    provider = serializers.CharField(allow_blank=True)
    last_error = FailureSerializer(allow_null=True)
    next_action = ActionSerializer(allow_null=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class IntentPageSerializer(serializers.Serializer[Any]):
    """A page of payments."""

    data = IntentSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class RefundSerializer(serializers.Serializer[Any]):
    """A refund as it is answered."""

    id = serializers.UUIDField()
    payment_intent = serializers.UUIDField()
    order_id = serializers.UUIDField()
    amount = MoneySerializer()
    reason = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField([status.value for status in RefundStatus])
    last_error = FailureSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ProviderSerializer(serializers.Serializer[Any]):
    """A provider."""

    name = serializers.CharField()
    asynchronous = serializers.BooleanField(help_text="outcomes come by webhook")
    available = serializers.BooleanField(help_text="whether the process that answers can reach it, as far as it knows")


class ProviderListSerializer(serializers.Serializer[Any]):
    """Every provider, the preferred one first."""

    data = ProviderSerializer(many=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    """One difference between a provider's books and ours."""

    what = serializers.ChoiceField(["unknown_here", "unknown_there", "state", "amount"])
    key = serializers.CharField()
    theirs = serializers.CharField(allow_blank=True)
    ours = serializers.CharField(allow_blank=True)


class ReconciliationSerializer(serializers.Serializer[Any]):
    """A comparison with a provider's books."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    date = serializers.DateField()
    compared = serializers.IntegerField(help_text="operations in the provider's books")
    differences = DifferenceSerializer(many=True)
    error = serializers.CharField(allow_blank=True, help_text="why it could not be compared")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ReceivedSerializer(serializers.Serializer[Any]):
    """A delivery was kept."""

    received = serializers.BooleanField()
