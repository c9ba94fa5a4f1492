"""Rows as JSON: plain functions; a test holds every answer against OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monolith.notifications.domain import Kind
from monolith.notifications.models import Delivery, Notification, Suppression


def notification_json(row: Notification) -> dict[str, Any]:
    """A notification with its deliveries; what it says is nowhere."""
    return {
        "id": str(row.id),
        "recipient": str(row.recipient),
        "template": row.template,
        "category": row.category,
        "status": row.status,
        "created_at": _moment(row.created_at),
        "expires_at": _moment(row.expires_at),
        "deliveries": [_delivery_json(delivery) for delivery in row.deliveries.all()],
    }


def template_json(name: str, kind: Kind) -> dict[str, Any]:
    """What a kind of notification says, and what has to be given."""
    return {
        "name": name,
        "category": kind.category.value,
        "subject": kind.subject,
        "body": kind.body,
        "variables": sorted(kind.given),
    }


def suppression_json(row: Suppression) -> dict[str, Any]:
    """An address to which nothing is sent."""
    return {
        "id": str(row.id),
        "address": row.address,
        "reason": row.reason,
        "detail": row.detail,
        "created_at": _moment(row.created_at),
    }


def _delivery_json(row: Delivery) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "status": row.status,
        "tries": row.tries,
        "error": row.error,
        "provider_message_id": row.provider_message_id,
        "sent_at": row.sent_at and _moment(row.sent_at),
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
