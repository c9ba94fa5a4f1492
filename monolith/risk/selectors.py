"""Reads of risk; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from monolith.risk.contract import InvalidFilter, Kind, Outcome, UnknownDecision, UnknownRuleset
from monolith.risk.domain import ACCOUNT_MAX, BUILT_IN, DAY, HOUR, MONTH, Past, Rules, RulesetStatus, Verdict, judge
from monolith.risk.models import ConfirmedOrder, Decision, Ruleset

_FILTERS = {"kind", "subject_id", "account", "outcome", "rules_version"}
_VERSION_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that other rules would have made otherwise."""

    decision: Decision
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DryRun:
    """
    What rules would have decided from the figures of past decisions.

    Attributes:
        before, after: outcome to number of decisions.
        changes: those with another outcome, the latest first.
    """

    decisions: int
    before: Counter[str]
    after: Counter[str]
    changes: list[Change]


def decision(decision_id: UUID) -> Decision:
    """Return a decision. Raises UnknownDecision."""
    row: Decision | None = Decision.objects.filter(id=decision_id).first()
    if row is None:
        raise UnknownDecision(f"There is no decision {decision_id}.")
    return row


def decision_about(kind: Kind, subject_id: UUID) -> Decision:
    """Return what was decided about a subject. Raises UnknownDecision."""
    row: Decision | None = Decision.objects.filter(kind=kind, subject_id=subject_id).first()
    if row is None:
        raise UnknownDecision(f"Nothing was decided about {kind} {subject_id}.")
    return row


def decisions(filters: Mapping[str, str]) -> QuerySet[Decision]:
    """
    Return decisions.

    Args:
        filters: `kind`, `subject_id`, `account`, `outcome`, `rules_version`.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    if unknown := sorted(filters.keys() - _FILTERS):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    for name, words in (("kind", list(Kind)), ("outcome", list(Outcome))):
        if name in filters and filters[name] not in words:
            raise InvalidFilter(f"{name}: must be one of {', '.join(words)}, not {filters[name][:20]!r}")
    wanted: dict[str, object] = dict(filters)
    if "account" in filters and (len(filters["account"]) > ACCOUNT_MAX or "\x00" in filters["account"]):
        raise InvalidFilter("account: too long, or contains what no account does")
    if "subject_id" in filters:
        try:
            wanted["subject_id"] = UUID(filters["subject_id"])
        except ValueError:
            raise InvalidFilter("subject_id: must be a UUID") from None
    if (version := filters.get("rules_version")) is not None:
        if not (version.isascii() and version.isdigit() and int(version[:11]) <= _VERSION_MAX):
            raise InvalidFilter("rules_version: must be a version of the rules")
        wanted["rules_version"] = int(version[:11])
    rows: QuerySet[Decision] = Decision.objects.filter(**wanted)
    return rows


def past(account: str, currency: str, now: datetime) -> Past | None:
    """Return what an account has done until *now*; None for nobody's."""
    if not account:
        return None
    within = ConfirmedOrder.objects.filter(account=account, at__gt=now - MONTH)
    told = within.aggregate(
        orders_1h=Count("id", filter=Q(at__gt=now - HOUR)),
        orders_24h=Count("id", filter=Q(at__gt=now - DAY)),
        orders_30d=Count("id"),
        amount_24h=Coalesce(Sum("amount", filter=Q(at__gt=now - DAY, currency=currency)), 0),
    )
    asked = Decision.objects.filter(account=account, decided_at__gt=now - HOUR).count()
    return Past(**told | {"amount_24h": int(told["amount_24h"])}, decisions_1h=asked)


def rulesets() -> QuerySet[Ruleset]:
    """Return every ruleset that is kept."""
    return Ruleset.objects.all()


def ruleset(version: int) -> Ruleset:
    """Return a ruleset that is kept. Raises UnknownRuleset."""
    row: Ruleset | None = Ruleset.objects.filter(version=version).first() if version <= _VERSION_MAX else None
    if row is None:
        raise UnknownRuleset(f"There is no ruleset of version {version}.")
    return row


def active_rules() -> Rules:
    """Return what decides now: the active ruleset, or what the program brings along."""
    row: Ruleset | None = Ruleset.objects.filter(status=RulesetStatus.ACTIVE).first()
    return BUILT_IN if row is None else row.content()


def dry_run(rules: Rules, *, limit: int) -> DryRun:
    """Judge the latest *limit* decisions anew, from their own figures; nothing is written."""
    rows = list(Decision.objects.order_by("-decided_at", "-id")[:limit])
    judged = [Change(row, judge(rules, row.figures)) for row in rows]
    return DryRun(
        decisions=len(rows),
        before=Counter(row.outcome for row in rows),
        after=Counter(change.verdict.outcome.value for change in judged),
        changes=[change for change in judged if change.verdict.outcome != change.decision.outcome],
    )
