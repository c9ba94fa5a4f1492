"""Columns that hold one word of a closed list."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from django.db import models
from django.db.models import Q


def choices(words: Iterable[Enum]) -> list[tuple[str, str]]:
    """Return the words as a column's choices, which people read as they are."""
    return [(word.value, word.value) for word in words]


def one_of(column: str, words: Iterable[Enum], name: str) -> models.CheckConstraint:
    """Return the constraint by which a column holds nothing else."""
    return models.CheckConstraint(condition=Q(**{f"{column}__in": [word.value for word in words]}), name=name)
