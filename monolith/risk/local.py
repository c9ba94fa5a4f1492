"""The contract over this app's own rows."""

from __future__ import annotations

from uuid import UUID

from monolith.risk import selectors
from monolith.risk.contract import Decision, Facts, Kind, Outcome, Reason
from monolith.risk.models import Decision as DecisionRow
from monolith.risk.services import decisions


class LocalRisk:
    """Implements `Risk`."""

    def decide(self, *, kind: Kind, subject_id: UUID, facts: Facts) -> Decision:
        return _decision(decisions.decision_make(kind=kind, subject_id=subject_id, facts=facts))

    def decision(self, *, kind: Kind, subject_id: UUID) -> Decision:
        return _decision(selectors.decision_about(kind, subject_id))


implementation = LocalRisk()


def _decision(row: DecisionRow) -> Decision:
    return Decision(
        id=row.id,
        kind=Kind(row.kind),
        subject_id=row.subject_id,
        outcome=Outcome(row.outcome),
        score=row.score,
        reasons=tuple(Reason(**reason) for reason in row.reasons),
        rules_version=row.rules_version,
        decided_at=row.decided_at,
    )
