"""Risk's refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class RiskError(ContractError):
    """Root of risk's refusals."""


class OutOfBounds(RiskError):
    """A fact is not within its bounds; nothing was decided."""

    code = "out_of_bounds"


class SubjectDiffers(RiskError):
    """The subject was decided before, by other facts; the context has `decision_id`."""

    code = "subject_differs"


class UnknownDecision(RiskError):
    """Nothing was decided about this subject, or there is no decision with this id."""

    code = "unknown_decision"


class UnknownRuleset(RiskError):
    """There is no ruleset of this version."""

    code = "unknown_ruleset"


class InvalidRules(RiskError):
    """A ruleset cannot be understood; the context has `faults`, each with the rule that it is about."""

    code = "invalid_rules"


class NotADraft(RiskError):
    """A ruleset that was ever active is never changed: make a draft of it."""

    code = "not_a_draft"


class InvalidTransition(RiskError):
    """The ruleset's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(RiskError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class VersionConflict(RiskError):
    """The row was changed after the caller had read it."""

    code = "version_conflict"
