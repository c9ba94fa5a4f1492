"""Risk's own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class RiskCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    UNKNOWN_DECISION = "unknown_decision", 404, "There is no such decision"
    UNKNOWN_RULESET = "unknown_ruleset", 404, "There is no such ruleset"
    NOT_A_DRAFT = "not_a_draft", 409, "The ruleset is no draft any more"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    INVALID_RULES = "invalid_rules", 422, "The rules cannot be understood"
