"""
Rows as JSON: plain functions; a test holds every answer against OpenAPI.

Raise `REPRESENTATION` when a ruleset comes out differently: validators are made of it (R11).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from monolith.risk.contract import Outcome
from monolith.risk.domain import BUILT_IN
from monolith.risk.models import Decision, Ruleset, RulesetStatusHistory
from monolith.risk.selectors import Change, DryRun

REPRESENTATION = 1
_CHANGES_SHOWN = 100


def decision_json(row: Decision) -> dict[str, Any]:
    """A decision, with every reason and every figure."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "subject_id": str(row.subject_id),
        "account": row.account,
        "outcome": row.outcome,
        "score": row.score,
        "reasons": row.reasons,
        "figures": row.figures,
        "rules_version": row.rules_version,
        "decided_at": _moment(row.decided_at),
    }


def ruleset_json(row: Ruleset) -> dict[str, Any]:
    """A ruleset."""
    return {
        "version": row.version,
        "status": row.status,
        "rules": row.rules,
        "review_from": row.review_from,
        "decline_from": row.decline_from,
        "note": row.note,
        "created_by": row.created_by,
        "created_at": _moment(row.created_at),
        "changed_by": row.changed_by,
        "changed_at": _moment(row.changed_at),
        "revision": row.revision,
    }


def step_json(row: RulesetStatusHistory) -> dict[str, Any]:
    """One step of a ruleset's life."""
    return {
        "from": row.from_status,
        "to": row.to_status,
        "actor": row.actor,
        "reason": row.reason,
        "at": _moment(row.at),
    }


def built_in_json() -> dict[str, Any]:
    """What decides until a ruleset was activated."""
    return {
        "version": BUILT_IN.version,
        "rules": [rule.to_json() for rule in BUILT_IN.rules],
        "review_from": BUILT_IN.review_from,
        "decline_from": BUILT_IN.decline_from,
    }


def dry_run_json(run: DryRun) -> dict[str, Any]:
    """What rules would have decided."""
    return {
        "decisions": run.decisions,
        "before": {outcome.value: run.before[outcome.value] for outcome in Outcome},
        "after": {outcome.value: run.after[outcome.value] for outcome in Outcome},
        "changed": len(run.changes),
        "changes": [_change_json(change) for change in run.changes[:_CHANGES_SHOWN]],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "decision_id": str(change.decision.id),
        "kind": change.decision.kind,
        "subject_id": str(change.decision.subject_id),
        "from": change.decision.outcome,
        "to": change.verdict.outcome.value,
        "score": change.verdict.score,
        "reasons": [asdict(reason) for reason in change.verdict.reasons],
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
