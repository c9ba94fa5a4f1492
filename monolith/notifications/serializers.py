"""The notifications' JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from monolith.notifications.contract import Category, DeliveryStatus, Status
from monolith.notifications.domain import DEDUPE_KEY_MAX, VALUE_MAX
from strangler.hosting.rest.serializers import StrictCharField, StrictSerializer


def _words(words: Any) -> list[str]:
    return [word.value for word in words]


class IdField(serializers.UUIDField):
    """An id as a string: a number is none."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class NewNotificationSerializer(StrictSerializer):
    """What somebody is to be told."""

    recipient = IdField(help_text="id of the customer")
    dedupe_key = StrictCharField(max_length=DEDUPE_KEY_MAX, help_text="the same one is accepted once for a recipient")
    template = StrictCharField(max_length=64)
    data = serializers.DictField(child=StrictCharField(max_length=VALUE_MAX, allow_blank=True), required=False)


class EmptySerializer(StrictSerializer):
    """Nothing has to be said."""


class PreferenceGivenSerializer(StrictSerializer):
    """What somebody wants."""

    marketing = serializers.BooleanField()


class DeliverySerializer(serializers.Serializer[Any]):
    """A notification on one channel."""

    channel = serializers.CharField()
    status = serializers.ChoiceField(_words(DeliveryStatus))
    tries = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    provider_message_id = serializers.CharField(allow_blank=True)
    sent_at = serializers.DateTimeField(allow_null=True)


class NotificationSerializer(serializers.Serializer[Any]):
    """A notification."""

    id = serializers.UUIDField()
    recipient = serializers.UUIDField()
    template = serializers.CharField()
    category = serializers.ChoiceField(_words(Category))
    status = serializers.ChoiceField(_words(Status))
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    deliveries = DeliverySerializer(many=True)


class NotificationPageSerializer(serializers.Serializer[Any]):
    """A page of notifications."""

    data = NotificationSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class TemplateSerializer(serializers.Serializer[Any]):
    """What a kind of notification says."""

    name = serializers.CharField()
    category = serializers.ChoiceField(_words(Category))
    subject = serializers.CharField()
    body = serializers.CharField()
    variables = serializers.ListField(child=serializers.CharField())


class TemplateListSerializer(serializers.Serializer[Any]):
    """Every template."""

    data = TemplateSerializer(many=True)


class PreferenceSerializer(serializers.Serializer[Any]):
    """What somebody wants."""

    marketing = serializers.BooleanField()


class SuppressionSerializer(serializers.Serializer[Any]):
    """An address to which nothing is sent."""

    id = serializers.UUIDField()
    address = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class SuppressionPageSerializer(serializers.Serializer[Any]):
    """A page of them."""

    data = SuppressionSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)
