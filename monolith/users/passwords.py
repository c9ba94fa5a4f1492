"""Passwords: how strong, how kept, and how compared; hashing takes its time, so nobody does it in a transaction."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    NumericPasswordValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError

from monolith.users.contract import WeakPassword
from monolith.users.domain import PASSWORD_MIN
from monolith.users.models import Customer

_VALIDATORS = (
    MinimumLengthValidator(PASSWORD_MIN),
    CommonPasswordValidator(),
    NumericPasswordValidator(),
    UserAttributeSimilarityValidator(("email", "first_name", "last_name")),
)
UNUSABLE = "!"
"""Kept where there is no password: it matches none."""


@dataclass(frozen=True, slots=True)
class Checked:
    """
    Whether a password was right.

    Attributes:
        upgraded: the right password as it would be kept today, when what is kept is weaker than that.
    """

    right: bool
    upgraded: str | None = None


def check_strength(password: str, person: Customer | None = None) -> None:
    """Raise WeakPassword, with every reason, when a password can be guessed, from what *person* is called, say."""
    reasons = []
    for validator in _VALIDATORS:
        try:
            validator.validate(password, person)
        except ValidationError as error:
            reasons += error.messages
    if reasons:
        raise WeakPassword(" ".join(reasons), reasons=reasons)


def hashed(password: str) -> str:
    """Return a password as it is kept."""
    return make_password(password)


def check(password: str, kept: str | None) -> Checked:
    """Compare; that nobody has such an account (None) takes as long to find out as that the password is wrong."""
    if kept is None:
        make_password(password)
        return Checked(False)
    upgraded: list[str] = []
    right = check_password(password, kept, lambda raw: upgraded.append(make_password(raw)))
    return Checked(right, next(iter(upgraded), None))
