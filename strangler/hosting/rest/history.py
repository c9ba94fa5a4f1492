"""The table of how rows came to their status; apart from the views' machinery, so that models can import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone


class StatusHistory(models.Model):
    """
    One step of a row's life: who, when, why, from where to where.

    An app adds one concrete table (`inventory_reservation_status_history`) with an `id` that grows, the row it is about
    as `related_name="status_history"`, and `from_status` and `to_status` of its own words.

    Attributes:
        event_id: the event that told of it, or that it followed.
    """

    actor = models.CharField(max_length=255)
    reason = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)
    event_id = models.UUIDField(null=True)

    objects: ClassVar[models.Manager[Any]]
    if TYPE_CHECKING:
        from_status: str
        to_status: str

    class Meta:
        abstract = True
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.from_status} to {self.to_status}"
