"""The table behind idempotency keys; apart from the views' machinery, so that models can import it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

KEY_LENGTH_MAX = 255


class IdempotencyRecord(models.Model):
    """
    What was answered to the first request with a key.

    An app adds one concrete table (`catalog_idempotency`). A row is written `in_progress` before the effect and `done`
    with the answer, both in the effect's transaction: nobody else ever sees the first state committed.
    """

    class State(models.TextChoices):
        IN_PROGRESS = "in_progress"
        DONE = "done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    principal = models.CharField(max_length=255)
    route = models.CharField(max_length=255, help_text="method and route")
    key = models.CharField(max_length=KEY_LENGTH_MAX)
    request_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=State)
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    headers = models.JSONField(default=dict)
    locked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["principal", "route", "key"], name="%(app_label)s_idempotency_key")
        ]

    @classmethod
    def purge(cls) -> int:
        """Delete what has expired and return how many rows that were."""
        return int(cls.objects.filter(expires_at__lt=timezone.now()).delete()[0])
