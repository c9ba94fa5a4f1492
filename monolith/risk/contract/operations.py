"""What risk does for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.risk.contract.errors import OutOfBounds, SubjectDiffers, UnknownDecision
from monolith.risk.contract.values import Decision, Facts, Kind
from strangler.contract import Port, command, query


class Risk(Protocol):
    """Decisions by versioned rules; one about each subject, ever."""

    @command(key=("kind", "subject_id"), timeout_s=1.0, raises=(OutOfBounds, SubjectDiffers))
    def decide(self, *, kind: Kind, subject_id: UUID, facts: Facts) -> Decision:
        """
        Decide about a subject; a repeat with the same facts returns the first decision, whatever the rules are by then.

        Without an answer in time, the caller's own policy counts: the decision, if there is one, is found by a repeat.

        Raises:
            OutOfBounds: a fact is not within its bounds; nothing was decided.
            SubjectDiffers: it was decided by other facts; the context has `decision_id`.
            RemoteCallError: outcome unknown; repeat with the same *kind* and *subject_id*.
        """
        ...

    @query(raises=(UnknownDecision,))
    def decision(self, *, kind: Kind, subject_id: UUID) -> Decision:
        """Return what was decided about a subject."""
        ...


risk = Port[Risk]("risk")
