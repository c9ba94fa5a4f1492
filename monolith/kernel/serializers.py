"""Money on the wire: {"amount": 1999, "currency": "USD"}; and SKUs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.kernel.money import AMOUNT_MAX, EXPONENTS, Money
from monolith.kernel.skus import SKU_PATTERN
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer


class SkuField(StrictCharField, serializers.RegexField):
    """A SKU."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(SKU_PATTERN, **kwargs)


class MoneySerializer(StrictSerializer):
    """A price: an amount of zero or more minor units."""

    amount = StrictIntegerField(min_value=0, max_value=AMOUNT_MAX, help_text="minor units of the currency")
    currency = serializers.ChoiceField(sorted(EXPONENTS))

    def to_internal_value(self, data: Any) -> Money:
        return Money(**super().to_internal_value(data))
