"""The problem codes of recommendations and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class RecommendationsCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    OUT_OF_BOUNDS = "out_of_bounds", 400, "A number is out of bounds"
