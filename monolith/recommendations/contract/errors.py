"""The refusals of recommendations; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class RecommendationsError(ContractError):
    """Root of the refusals of recommendations."""


class OutOfBounds(RecommendationsError):
    """More, or fewer, than an operation takes."""

    code = "out_of_bounds"
