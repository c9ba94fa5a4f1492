"""What answers of every app have in common."""

from tests.contracts.expectations import is_problem, names_field

__all__ = ["is_problem", "names_field"]
