"""
Tables of the toolkit.

`Ownership` lives in each home's own database and is the only row that counts for a write. All others are
control tables: they live in the monolith's database (the alias `CONTROL_DATABASE`) and stay empty elsewhere.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

PROCESS_MAX = 128
"""Characters by which a router says who it is, and what is wrong with it."""


class Ownership(models.Model):
    """
    Who may write a capability's rows, as this database knows it.

    Attributes:
        attempt: the operation and attempt that set the row last; together with *epoch* it is what a
            flip compares before it sets (R1).
        owned_epoch: the last epoch in which this database's home owned the rows: all writes up to it are here,
            so until the other home opens, reads of that epoch may be answered from here; 0 when it never did.
        system: identity of the database, as `strangler.state.identity` reads it: a copy restored elsewhere has
            another one, a server that failed over or was set back another timeline (R18); empty: not yet known.
    """

    capability = models.CharField(max_length=64, primary_key=True)
    owner = models.CharField(max_length=16)
    epoch = models.BigIntegerField()
    attempt = models.CharField(max_length=64, default="")
    owned_epoch = models.BigIntegerField(default=0)
    system = models.CharField(max_length=128, default="")

    class Meta:
        db_table = "strangler_ownership"

    def __str__(self) -> str:
        return f"{self.capability}: {self.owner}, epoch {self.epoch}"


class Marker(models.Model):
    """
    A row that travels with a capability's rows: once its value has arrived, so has all that was committed before it.

    Attributes:
        home: the home at which the row is written; it travels to the other one.
    """

    pk = models.CompositePrimaryKey("capability", "home")
    capability = models.CharField(max_length=64)
    home = models.CharField(max_length=16)
    value = models.BigIntegerField(default=0)

    class Meta:
        db_table = "strangler_marker"

    def __str__(self) -> str:
        return f"{self.capability} of the {self.home}: {self.value}"


class ChangedKey(models.Model):
    """
    A row that has changed in this database since the keylog mover last brought it to the other home.

    Attributes:
        key: the primary key as it is written in the table's own SQL: a JSON array of texts.
        at: when it changed, in seconds since 1970 by this database's clock.
    """

    id = models.BigAutoField(primary_key=True)
    capability = models.CharField(max_length=64)
    table = models.CharField(max_length=128)
    key = models.TextField()
    at = models.FloatField()

    class Meta:
        db_table = "strangler_changed_key"
        indexes: ClassVar = [models.Index(fields=["capability", "id"], name="strangler_changed_key_order")]

    def __str__(self) -> str:
        return f"{self.table} {self.key}"


class TableVersion(models.Model):
    """One row: the version of the route table; it counts every change of any capability."""

    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "strangler_version"

    def __str__(self) -> str:
        return str(self.version)


class Capability(models.Model):
    """The state of one capability as the routers learn it; without a row it is where it begins (`first_state`)."""

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
        state: `queued` waits for a mover; `running` has one; `failed` stopped half-way.
        attempt: raised by every `resume` and `undo`; a mover whose number is not the newest stops.
        mover: who executes it, as host and process id.
        seen_at: when the mover last said that it is alive.
    """

    QUEUED, RUNNING, SUCCEEDED, FAILED, UNDONE = "queued", "running", "succeeded", "failed", "undone"
    UNFINISHED = (QUEUED, RUNNING, FAILED)

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
                condition=models.Q(state__in=["queued", "running", "failed"]),
                name="strangler_one_operation",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.verb} {self.capability}"


class Stream(models.Model):
    """
    Rows that flow from one home to the other: forth while the monolith writes, back while the service does.

    Attributes:
        kind: the mover: `logical` or `keylog`.
        state: `copying` the rows there are, `streaming` what changes, `armed` (everything is kept for the target, and
            nothing is brought over yet).
        errors: of the keylog's applier so far, and *problem* what the last one was; the servers count their own.
    """

    COPYING, STREAMING, ARMED = "copying", "streaming", "armed"

    capability = models.CharField(max_length=64)
    source = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    errors = models.IntegerField(default=0)
    problem = models.TextField(default="")
    started_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "strangler_stream"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["capability", "target"], name="strangler_one_stream_each_way")
        ]

    def __str__(self) -> str:
        return f"{self.capability}: {self.source} to {self.target}, {self.state}"


class Verification(models.Model):
    """
    One comparison of both homes' rows, which may go on where a killed one stopped.

    Attributes:
        place: table and key after which it goes on; empty when it has not begun or has ended.
        tables: per table, how many rows were compared, and how many of them were missing, extra or different.
        repaired: rows brought into line.
    """

    RUNNING, EQUAL, DIFFERENT, REPAIRED = "running", "equal", "different", "repaired"

    capability = models.CharField(max_length=64)
    epoch = models.BigIntegerField()
    state = models.CharField(max_length=16, default=RUNNING)
    place = models.JSONField(default=dict)
    tables = models.JSONField(default=dict)
    repaired = models.BigIntegerField(default=0)
    actor = models.CharField(max_length=128)
    started_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "strangler_verification"
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"#{self.pk} of {self.capability}: {self.state}"


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
    process = models.CharField(max_length=PROCESS_MAX)
    version = models.BigIntegerField()
    seen_at = models.FloatField()

    class Meta:
        db_table = "strangler_router"

    def __str__(self) -> str:
        return f"{self.host} {self.process} at {self.version}"
