"""What risk has decided, for whoever wants to hear of it; and what risk wants to hear of others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from monolith.risk.contract.values import Kind, Outcome, Reason
from strangler.contract import Events, Subscriptions

events = Events("risk")
subscriptions = Subscriptions("risk", {"orders": ("shop.order.confirmed.v1",)})


@events.declare("shop.risk.decision_made.v1", aggregate="subject", key="subject_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """
    Something was decided, once and for all.

    Attributes:
        account: whose it is; may be empty.
        reasons: every rule that applied, the weightiest first.
        rules_version: of the rules that decided; 0: those that the program brings along.
    """

    decision_id: UUID
    kind: Kind
    subject_id: UUID
    account: str
    outcome: Outcome
    score: int
    reasons: tuple[Reason, ...]
    rules_version: int
