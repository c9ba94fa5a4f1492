"""The rules of accounts; no I/O."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from monolith.kernel.transitions import Transitions
from monolith.users.contract import AccountDisabled, AccountLocked, InvalidCredentials, Purpose, UsersError
from monolith.users.contract import CustomerStatus as Status

EMAIL_MAX = 254
NAME_MAX = 100
PASSWORD_MIN, PASSWORD_MAX = 10, 200
PHONE_PATTERN = r"^\+?[0-9][0-9 ()./-]{2,30}$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"
# ASCII alone: lower() then means the same in every database, and nobody is told apart by letters that look alike.
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@({_LABEL}\.)+[A-Za-z]{{2,63}}")
ADDRESSES_MAX = 50
IDS_MAX = 200
REASON_MAX = 500

FAILURES_MAX = 5
"""Wrong passwords in a row after which an account is locked."""
LOCK_S, LOCK_MAX_S = 60, 24 * 3600
"""How long the first time; every further wrong password doubles it, up to the second number."""
ACCESS_TTL_S = 15 * 60
REFRESH_TTL = timedelta(days=30)
ASK_AGAIN_S = 60
"""One message of a kind per account in so many seconds, however often it is asked for."""

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class Role(StrEnum):
    """What an account may be; every one is a customer."""

    CUSTOMER = "customer"
    SUPPORT = "support"


LIFETIMES = {Purpose.VERIFY_EMAIL: timedelta(days=1), Purpose.RESET_PASSWORD: timedelta(hours=1)}
# `<app>:own` lets somebody at what is theirs; `<app>:read` and `<app>:write` are for staff.
OWN_SCOPES = tuple(f"{app}:own" for app in ("users", "orders", "payments", "shipping", "accounts", "transactions"))
_SCOPES = {Role.CUSTOMER: OWN_SCOPES, Role.SUPPORT: ("users:read", "orders:read", "shipping:read")}

TRANSITIONS = Transitions(
    {
        Status.PENDING: frozenset({Status.ACTIVE, Status.DELETED}),
        Status.ACTIVE: frozenset({Status.LOCKED, Status.DISABLED, Status.DELETED}),
        Status.LOCKED: frozenset({Status.ACTIVE, Status.DELETED}),
        Status.DISABLED: frozenset({Status.ACTIVE, Status.DELETED}),
        Status.DELETED: frozenset(),
    }
)


def is_email(text: str) -> bool:
    """Whether *text* can be an e-mail address here (RFC 5321 4.5.3.1, without quotes and literals)."""
    local = text.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return len(text) <= EMAIL_MAX and _EMAIL.fullmatch(text) is not None and not dots


def is_text(text: str) -> bool:
    """Whether every database here can keep *text*: neither NUL nor half a surrogate pair."""
    return not _NOT_TEXT.search(text)


def status_at(status: Status, locked_until: datetime | None, now: datetime) -> Status:
    """
    Return the status that counts.

    A lock that ends by itself has ended when its time has come, swept or not; an account that was never verified is
    locked for a while without ceasing to be pending.
    """
    if status is Status.LOCKED and locked_until is not None and locked_until <= now:
        return Status.ACTIVE
    if status is Status.PENDING and locked_until is not None and locked_until > now:
        return Status.LOCKED
    return status


def refusal_of(status: Status, locked_until: datetime | None) -> UsersError | None:
    """Return why an account of the status that counts gets no tokens; None: it does."""
    if status is Status.LOCKED:
        until = None if locked_until is None else locked_until.isoformat()
        return AccountLocked("The account is locked." + (f" Try again after {until}." if until else ""), until=until)
    if status is Status.DISABLED:
        return AccountDisabled("The account is disabled. Ask the shop's staff.")
    if status is Status.DELETED:
        return InvalidCredentials("E-mail or password is wrong.")
    return None


def lock_after(failures: int) -> timedelta | None:
    """Return how long an account is locked by its so-manieth wrong password in a row; None: not yet."""
    beyond = failures - FAILURES_MAX
    return None if beyond < 0 else timedelta(seconds=min(LOCK_S << min(beyond, 20), LOCK_MAX_S))


def scopes_of(roles: list[str]) -> list[str]:
    """Return what tokens of somebody with these roles allow, in order; a role that is unknown allows nothing."""
    return sorted({scope for role in roles if role in list(Role) for scope in _SCOPES[Role(role)]})


def new_secret() -> str:
    """Return a word that nobody guesses: 256 bits."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Return what is kept of a secret word: it has too many bits to be found by trying."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def transition(status: Status, target: Status) -> dict[str, Any]:
    """Return the context of an illegal step."""
    return {"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))}
