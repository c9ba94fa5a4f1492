"""Decisions: one about each subject, made from figures as they are when it is asked for."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.risk import metrics, selectors
from monolith.risk.contract import DecisionMade, Facts, Kind, SubjectDiffers
from monolith.risk.domain import check_facts, figures_of, fingerprint, judge
from monolith.risk.models import Decision
from strangler.events import publish


@transaction.atomic
def decision_make(*, kind: Kind, subject_id: UUID, facts: Facts) -> Decision:
    """
    Decide about a subject, or return what was decided.

    Raises:
        OutOfBounds: nothing was decided.
        SubjectDiffers: it was decided by other facts.
    """
    check_facts(facts)
    now = timezone.now()
    rules = selectors.active_rules()
    figures = figures_of(facts, selectors.past(facts.account, facts.amount.currency, now), now)
    verdict = judge(rules, figures)
    new = Decision(
        kind=kind,
        subject_id=subject_id,
        account=facts.account,
        facts_sha256=fingerprint(facts),
        figures=figures,
        outcome=verdict.outcome,
        score=verdict.score,
        reasons=[asdict(reason) for reason in verdict.reasons],
        rules_version=rules.version,
        decided_at=now,
    )
    # Of two at once about one subject, the second waits here for the first, and then finds its row.
    Decision.objects.bulk_create([new], ignore_conflicts=True)
    first = selectors.decision_about(kind, subject_id)
    if first.id != new.id:
        return _same(first, new)
    publish(
        DecisionMade(
            decision_id=new.id,
            kind=kind,
            subject_id=subject_id,
            account=facts.account,
            outcome=verdict.outcome,
            score=verdict.score,
            reasons=verdict.reasons,
            rules_version=rules.version,
        )
    )
    metrics.decisions.labels(kind.value, verdict.outcome.value).inc()
    return new


def _same(first: Decision, asked: Decision) -> Decision:
    if first.facts_sha256 != asked.facts_sha256:
        raise SubjectDiffers(
            f"This {first.kind} was decided by other facts: ask with those, or about another one.",
            decision_id=str(first.id),
        )
    return first
