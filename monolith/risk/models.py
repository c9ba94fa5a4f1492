"""
Risk's tables.

Ids are made in the application, an account is an id and no reference into the users, and nothing relies on a sequence:
rows can move. Nothing here tells who a person is.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from monolith.kernel.append_only import AppendOnly
from monolith.kernel.ids import uuid7
from monolith.kernel.words import choices, one_of
from monolith.risk.contract import Kind, Outcome
from monolith.risk.domain import SCORE_MAX, Rules, RulesetStatus, rules_of
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord


class Ruleset(models.Model):
    """
    One version of the rules: a draft is changed until it was active once, and never again.

    Attributes:
        version: 1 and up, none left out.
        rules: as `domain.Rule.to_json` writes them.
        revision: grows with every change of a draft and every step.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.PositiveIntegerField(editable=False)
    status = models.CharField(
        max_length=16, choices=choices(RulesetStatus), default=RulesetStatus.DRAFT.value, editable=False
    )
    rules = models.JSONField(default=list)
    review_from = models.PositiveSmallIntegerField()
    decline_from = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=500, blank=True, default="")
    created_by = models.CharField(max_length=255, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_by = models.CharField(max_length=255, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "risk_ruleset"
        ordering: ClassVar = ["-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version"], name="risk_ruleset_version"),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status=RulesetStatus.ACTIVE.value), name="risk_ruleset_one_active"
            ),
            one_of("status", RulesetStatus, "risk_ruleset_status"),
            models.CheckConstraint(
                condition=Q(review_from__gte=1, decline_from__gte=F("review_from"), decline_from__lte=SCORE_MAX),
                name="risk_ruleset_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version} ({self.status})"

    def content(self) -> Rules:
        """Return what decides by it."""
        return rules_of(self.version, self.rules, self.review_from, self.decline_from)


class RulesetStatusHistory(StatusHistory):
    """How a ruleset came to its status: who, when, why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ruleset = models.ForeignKey(Ruleset, models.PROTECT, related_name="status_history")
    from_status = models.CharField(max_length=16, choices=choices(RulesetStatus))
    to_status = models.CharField(max_length=16, choices=choices(RulesetStatus))

    class Meta(StatusHistory.Meta):
        db_table = "risk_ruleset_status_history"


class Decision(AppendOnly):
    """
    What was decided about one subject: by which rules, from which figures, for which reasons.

    Attributes:
        facts_sha256: of what was asked, so that a repeat is known from another question.
        figures: all that the rules could look at, as it was.
        reasons: the contract's `Reason`, the weightiest first.
        rules_version: 0: those that the program brings along.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=16, choices=choices(Kind))
    subject_id = models.UUIDField()
    account = models.CharField(max_length=64, blank=True, default="")
    facts_sha256 = models.CharField(max_length=64)
    figures = models.JSONField()
    outcome = models.CharField(max_length=16, choices=choices(Outcome))
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField()
    rules_version = models.PositiveIntegerField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "risk_decision"
        ordering: ClassVar = ["decided_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "subject_id"], name="risk_decision_once"),
            one_of("outcome", Outcome, "risk_decision_outcome"),
            models.CheckConstraint(condition=Q(score__lte=SCORE_MAX), name="risk_decision_score"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["decided_at", "id"], name="risk_decision_by_age"),
            models.Index(fields=["account", "decided_at"], name="risk_decision_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} for {self.kind} {self.subject_id}"


class ConfirmedOrder(models.Model):
    """An order that an account has placed for good: what its speed is counted by, for as long as anybody counts it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField()
    account = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        db_table = "risk_confirmed_order"
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["order_id"], name="risk_confirmed_order_once")]
        indexes: ClassVar = [models.Index(fields=["account", "at"], name="risk_confirmed_by_account")]

    def __str__(self) -> str:
        return f"order {self.order_id}"


class RiskIdempotency(IdempotencyRecord):
    """The keys of risk's own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "risk_idempotency"


class RiskCommand(CommandRecord):
    """What the commands of the contract returned: a repeat finds it in either home (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "risk_command"


class RiskOutbox(OutboxEvent):
    """What risk says has happened."""

    class Meta(OutboxEvent.Meta):
        db_table = "risk_outbox"


class RiskOutboxCopy(OutboxCopy):
    """Its events, one row for each subscriber."""

    class Meta(OutboxCopy.Meta):
        db_table = "risk_outbox_copy"


class RiskOutboxStream(OutboxStream):
    """How far each subject's events have come."""

    class Meta(OutboxStream.Meta):
        db_table = "risk_outbox_stream"


class RiskInbox(InboxMessage):
    """What has had its effect: others' events, and ticks of the clock."""

    class Meta(InboxMessage.Meta):
        db_table = "risk_inbox"


class RiskInboxCursor(InboxCursor):
    """How far each stream of others' events was handled."""

    class Meta(InboxCursor.Meta):
        db_table = "risk_inbox_cursor"
