"""What other apps may know of risk."""

from monolith.risk.contract.errors import (
    InvalidFilter,
    InvalidRules,
    InvalidTransition,
    NotADraft,
    OutOfBounds,
    RiskError,
    SubjectDiffers,
    UnknownDecision,
    UnknownRuleset,
    VersionConflict,
)
from monolith.risk.contract.events import DecisionMade, events, subscriptions
from monolith.risk.contract.operations import Risk, risk
from monolith.risk.contract.values import Decision, Facts, Kind, Outcome, Reason

__all__ = [
    "Decision",
    "DecisionMade",
    "Facts",
    "InvalidFilter",
    "InvalidRules",
    "InvalidTransition",
    "Kind",
    "NotADraft",
    "OutOfBounds",
    "Outcome",
    "Reason",
    "Risk",
    "RiskError",
    "SubjectDiffers",
    "UnknownDecision",
    "UnknownRuleset",
    "VersionConflict",
    "events",
    "risk",
    "subscriptions",
]
