"""The JSON that recommendations write (for OpenAPI), and the query they read."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.recommendations.selectors import LIMIT_DEFAULT, LIMIT_MAX


class AskedSerializer(serializers.Serializer[Any]):
    """How much is asked for."""

    limit = serializers.IntegerField(min_value=1, max_value=LIMIT_MAX, default=LIMIT_DEFAULT)


class CompanionSerializer(serializers.Serializer[Any]):
    """What others bought as well."""

    sku = serializers.CharField()
    orders = serializers.IntegerField(help_text="how many of the recent orders had it too")


class TogetherSerializer(serializers.Serializer[Any]):
    """What is bought together with a SKU."""

    sku = serializers.CharField()
    data = CompanionSerializer(many=True)
