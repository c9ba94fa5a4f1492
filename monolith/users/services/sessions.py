"""
Writes of sessions: a family of refresh tokens, each used once.

What a refusal has counted or revoked stays: these functions commit, then raise, so they are never called inside a
transaction.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.kernel.ids import uuid7
from monolith.users import passwords
from monolith.users.contract import InvalidCredentials, InvalidToken, TokenReused, UsersError
from monolith.users.domain import REFRESH_TTL, fingerprint, new_secret, refusal_of
from monolith.users.models import Customer, RefreshToken
from monolith.users.passwords import Checked
from monolith.users.selectors import by_email, status_of
from monolith.users.services import rows
from monolith.users.services.credentials import judge
from monolith.users.tokens import Tokens, tokens_for


class Device(NamedTuple):
    """Who asks, as far as that can be seen; it is kept with the session and believed by nobody."""

    user_agent: str = ""
    ip: str = ""


def session_open(*, email: str, password: str, device: Device) -> Tokens:
    """
    Let somebody in who knows the password.

    Raises:
        InvalidCredentials: e-mail or password is wrong; a wrong password was counted.
        AccountLocked: whatever the password is.
        AccountDisabled: the password is right.
    """
    seen = by_email(email).first()
    checked = passwords.check(password, seen and seen.password)
    return _given(_open(seen, password, checked, device))


@transaction.atomic
def _open(seen: Customer | None, password: str, checked: Checked, device: Device) -> Tokens | UsersError:
    row = None if seen is None else rows.locked(Customer.objects.filter(id=seen.id))
    if row is None or seen is None:
        return InvalidCredentials("E-mail or password is wrong.")
    if refusal := judge(row, seen, password, checked):
        return refusal
    rows.update(row, last_login_at=timezone.now())
    return _issue(row, uuid7(), device)


def session_refresh(*, refresh_token: str, device: Device) -> Tokens:
    """
    Replace a refresh token, which is worth nothing from now on.

    Raises:
        TokenReused: it was replaced before, so somebody has a copy: its whole family is revoked.
        InvalidToken: it is unknown, revoked, or over.
        AccountLocked, AccountDisabled: the account gets no tokens.
    """
    return _given(_rotate(refresh_token, device))


@transaction.atomic
def _rotate(refresh_token: str, device: Device) -> Tokens | UsersError:
    found = _find(refresh_token)
    if found is None:
        return InvalidToken("The refresh token is not valid: log in again.")
    row, token = found
    now = timezone.now()
    if token.used_at is not None:
        _revoke(token.family)
        return TokenReused("The refresh token was used before, so the whole session has ended: log in again.")
    if token.revoked_at is not None or token.expires_at <= now:
        return InvalidToken("The refresh token is not valid: log in again.")
    if row.locked_until is None and (refusal := refusal_of(status_of(row), None)):
        return refusal
    RefreshToken.objects.filter(id=token.id).update(used_at=now)
    return _issue(row, token.family, device)


@transaction.atomic
def session_close(*, refresh_token: str) -> None:
    """End the session of a refresh token, used or not; one that is unknown has ended already."""
    if found := _find(refresh_token):
        _revoke(found[1].family)


def _find(refresh_token: str) -> tuple[Customer, RefreshToken] | None:
    """Return a token and its account, which is locked before the token is read for good."""
    rows_of_it = RefreshToken.objects.filter(token_sha256=fingerprint(refresh_token))
    customer_id = rows_of_it.values_list("customer_id", flat=True).first()
    row = rows.locked(Customer.objects.filter(id=customer_id)) if customer_id else None
    token = rows_of_it.first() if row else None
    return (row, token) if row and token else None


def _issue(row: Customer, family: UUID, device: Device) -> Tokens:
    secret, now = new_secret(), timezone.now()
    RefreshToken.objects.create(
        customer=row,
        family=family,
        token_sha256=fingerprint(secret),
        created_at=now,
        expires_at=now + REFRESH_TTL,
        user_agent=device.user_agent,
        ip=device.ip,
    )
    return tokens_for(row, family, secret)


def _revoke(family: UUID) -> None:
    RefreshToken.objects.filter(family=family, revoked_at=None).update(revoked_at=timezone.now())


def _given(outcome: Tokens | UsersError) -> Tokens:
    if isinstance(outcome, UsersError):
        raise outcome
    return outcome
