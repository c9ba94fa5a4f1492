"""
The tables of recommendations: a read model of orders, which can be built anew from their events.

Ids are made in the application, orders are ids and SKUs are words without references, and rows are only added and
deleted, so orders that are told at the same time wait for nothing.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from monolith.kernel.ids import uuid7
from monolith.kernel.skus import SKU_LENGTH_MAX
from strangler.events.records import InboxCursor, InboxMessage


class Bought(models.Model):
    """
    A SKU of an order that was confirmed; whose order it was is not known here.

    Attributes:
        at: when it was confirmed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    sku = models.CharField(max_length=SKU_LENGTH_MAX)
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_bought"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order_id", "sku"], name="recommendations_bought_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["sku", "at"], name="recommendations_by_sku"),
            models.Index(fields=["at"], name="recommendations_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} in order {self.order_id}"


class RecommendationsInbox(InboxMessage):
    """Which orders have had their effect, and which ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "recommendations_inbox"


class RecommendationsInboxCursor(InboxCursor):
    """How far each order's events were handled."""

    class Meta(InboxCursor.Meta):
        db_table = "recommendations_inbox_cursor"
