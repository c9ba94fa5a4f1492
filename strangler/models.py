"""
Tables of the toolkit.

`Ownership` lives in each home's own database and is the only row that counts for a write. All others are
control tables: they live in the monolith's database (the alias `CONTROL_DATABASE`) and stay empty elsewhere.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Ownership(models.Model):
    """
    Who may write a capability's rows, as this database knows it.

    Attributes:
        attempt: the operation and attempt that set the row last; together with *epoch* it is what a
            flip compares before it sets (R1).
        owned_epoch: the last epoch in which this database's home owned the rows: all writes up to it are here,
            so until the other home opens, reads of that epoch may be answered from here; 0 when it never did.
    """

    capability = models.CharField(max_length=64, primary_key=True)
    owner = models.CharField(max_length=16)
    epoch = models.BigIntegerField()
    attempt = models.CharField(max_length=64, default="")
    owned_epoch = models.BigIntegerField(default=0)

    class Meta:
        db_table = "strangler_ownership"

    def __str__(self) -> str:
        return f"{self.capability}: {self.owner}, epoch {self.epoch}"


class TableVersion(models.Model):
    """One row: the version of the route table; it counts every change of any capability."""

    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "strangler_version"

    def __str__(self) -> str:
        return str(self.version)


class Capability(models.Model):
    """The state of one capability as the routers learn it; a missing row means stage `monolith`."""

    name = models.CharField(max_length=64, primary_key=True)
    stage = models.CharField(max_length=16, default="monolith")
    reads_weight = models.IntegerField(default=0)
    writer = models.CharField(max_length=16, default="monolith")
    epoch = models.BigIntegerField(default=1)
    switching = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "strangler_capability"

    def __str__(self) -> str:
        return f"{self.name}: {self.stage}"


class Operation(models.Model):
    """
    One run of a verb that changes something.

    Attributes:
        attempt: raised by every `resume` and `undo`; a mover whose number is not the newest stops.
        mover: who executes it, as host and process id.
        seen_at: when the mover last said that it is alive.
    """

    RUNNING, SUCCEEDED, FAILED, UNDONE = "running", "succeeded", "failed", "undone"

    capability = models.CharField(max_length=64)
    verb = models.CharField(max_length=32)
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=16, default=RUNNING)
    attempt = models.IntegerField(default=1)
    actor = models.CharField(max_length=128)
    reason = models.TextField(default="")
    mover = models.CharField(max_length=128)
    error = models.TextField(default="")
    started_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "strangler_operation"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["capability"],
                condition=models.Q(state__in=["running", "failed"]),
                name="strangler_one_operation",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.verb} {self.capability}"


class JournalEntry(models.Model):
    """What a mover was about to do (`intent`) or had done (`done`), written before and after each step."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="journal")
    attempt = models.IntegerField()
    step = models.CharField(max_length=32)
    phase = models.CharField(max_length=8)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "strangler_journal"
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.step} {self.phase}"


class HistoryEntry(models.Model):
    """One change of the table: who, when, why, the figures that allowed it, and how to undo it."""

    version = models.BigIntegerField(unique=True)
    capability = models.CharField(max_length=64)
    verb = models.CharField(max_length=32)
    actor = models.CharField(max_length=128)
    reason = models.TextField(default="")
    before = models.JSONField()
    after = models.JSONField()
    figures = models.JSONField(default=dict)
    undo = models.TextField(default="")
    operation = models.ForeignKey(Operation, on_delete=models.SET_NULL, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "strangler_history"
        ordering: ClassVar = ["-version"]

    def __str__(self) -> str:
        return f"v{self.version} {self.verb} {self.capability}"


class Router(models.Model):
    """
    A process that routes, and the version that it obeys.

    Attributes:
        seen_at: seconds since 1970 by the control database's clock; past the lease the process counts as gone.
    """

    id = models.CharField(max_length=32, primary_key=True)
    host = models.CharField(max_length=64)
    process = models.CharField(max_length=128)
    version = models.BigIntegerField()
    seen_at = models.FloatField()

    class Meta:
        db_table = "strangler_router"

    def __str__(self) -> str:
        return f"{self.host} {self.process} at {self.version}"
