"""The table behind commands that are remembered; apart from the machinery, so that models can import it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

KEY_LENGTH_MAX = 255
KEPT_FOR = timedelta(days=30)


def _expiry() -> datetime:
    return timezone.now() + KEPT_FOR


class CommandRecord(models.Model):
    """
    What the first run of a command with a key returned (R13).

    An app adds one concrete table (`catalog_command`), which moves with its rows (R7): a row commits with the effect,
    so a repeat in either home finds it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(max_length=100)
    key = models.CharField(max_length=KEY_LENGTH_MAX)
    request_sha256 = models.CharField(max_length=64)
    outcome = models.TextField(help_text="JSON, as the contract encodes it")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=_expiry, db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
        constraints: ClassVar = [models.UniqueConstraint(fields=["operation", "key"], name="%(app_label)s_command_key")]

    @classmethod
    def purge(cls) -> int:
        """Delete what has expired and return how many rows that were."""
        return int(cls.objects.filter(expires_at__lt=timezone.now()).delete()[0])
