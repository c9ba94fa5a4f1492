"""A believable shop, the same for the same seed."""

from monolith.catalog.seed.fill import DEFAULT_SEED, fill

__all__ = ["DEFAULT_SEED", "fill"]
