"""
Writes about passwords and e-mail addresses.

A wrong password is counted, and what is counted stays although the answer is a refusal: these functions commit, then
raise, so they are never called inside a transaction. Nothing is hashed in one either.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from monolith.users import passwords, selectors
from monolith.users.contract import CustomerStatus as Status
from monolith.users.contract import EmailVerified, InvalidCredentials, PasswordChanged, Purpose, UsersError
from monolith.users.domain import lock_after, refusal_of
from monolith.users.models import Customer
from monolith.users.passwords import Checked
from monolith.users.selectors import by_email, status_of
from monolith.users.services import messages, rows
from strangler.events import publish

_FAILED = "failed_logins"


def password_change(*, customer_id: UUID, current: str, new: str) -> None:
    """
    Replace a password that is known; every session ends.

    Raises:
        WeakPassword, UnknownUser: nothing was changed.
        InvalidCredentials: *current* is wrong, and that was counted.
        AccountLocked, AccountDisabled: whatever *current* is.
    """
    seen = selectors.customer(customer_id)
    checked = passwords.check(current, seen.password)
    passwords.check_strength(new, seen)
    if refusal := _change(seen, current, checked, passwords.hashed(new)):
        raise refusal


@transaction.atomic
def _change(seen: Customer, current: str, checked: Checked, new_hash: str) -> UsersError | None:
    row = rows.locked_by_id(seen.id)
    if refusal := judge(row, seen, current, checked):
        return refusal
    _set_password(row, new_hash)
    return None


@transaction.atomic
def password_reset_request(*, email: str) -> None:
    """Let whoever has this e-mail address be sent a token; nobody is told whether there is such an account."""
    row = rows.locked(by_email(email))
    if row is not None and row.status != Status.DISABLED:
        messages.send(row, Purpose.RESET_PASSWORD)


def password_reset_confirm(*, token: str, password: str) -> None:
    """
    Replace a password by a token that was sent; every session ends, and a lock that wrong passwords have set.

    Nobody is told whether the token was good. It shows that the e-mail address is theirs as well.

    Raises:
        WeakPassword: nothing was changed, and the token stays good.
    """
    passwords.check_strength(password)
    _reset(token, passwords.hashed(password))


@transaction.atomic
def _reset(token: str, new_hash: str) -> None:
    row = messages.use_up(token, Purpose.RESET_PASSWORD)
    if row is None or row.status == Status.DISABLED:
        return
    if row.status == Status.LOCKED and row.locked_until is not None:
        rows.unlock(row, actor=str(row.id))
    _set_password(row, new_hash)
    _verified(row)


@transaction.atomic
def verification_request(*, email: str) -> None:
    """Let whoever has this e-mail address be sent another token, unless they have shown that it is theirs."""
    row = rows.locked(by_email(email))
    if row is not None and row.email_verified_at is None:
        messages.send(row, Purpose.VERIFY_EMAIL)


@transaction.atomic
def verification_confirm(*, token: str) -> None:
    """Take a token that was sent for the proof that the e-mail address is theirs; a pending account is active now."""
    row = messages.use_up(token, Purpose.VERIFY_EMAIL)
    if row is not None:
        _verified(row)


def judge(row: Customer, seen: Customer, password: str, checked: Checked) -> UsersError | None:
    """
    Say whether a password that was checked lets somebody in; if not, count it.

    Args:
        row: the account as it is, locked.
        seen: as it was when *password* was checked.
    """
    if row.password != seen.password:
        checked = passwords.check(password, row.password)  # somebody has changed it meanwhile
    refusal = refusal_of(status_of(row), row.locked_until)
    if refusal is not None and (checked.right or row.status != Status.DISABLED):
        return refusal
    if checked.right:
        fresh = {"password": checked.upgraded} if checked.upgraded else {}
        rows.update(row, failed_logins=0, locked_until=None, **fresh)
        return None
    if refusal is None:
        _count_failure(row)
    return InvalidCredentials("E-mail or password is wrong.")


def _count_failure(row: Customer) -> None:
    rows.update(row, failed_logins=row.failed_logins + 1)
    if (locked_for := lock_after(row.failed_logins)) is None:
        return
    until = timezone.now() + locked_for
    if row.status == Status.ACTIVE:
        rows.lock(row, actor=rows.CLOCK, reason=_FAILED, until=until)
    else:
        rows.update(row, locked_until=until)


def _set_password(row: Customer, new_hash: str) -> None:
    rows.update(row, password=new_hash, failed_logins=0)
    rows.end_sessions(row)
    publish(PasswordChanged(user_id=row.id, email=row.email, name=row.name))


def _verified(row: Customer) -> None:
    if row.email_verified_at is not None:
        return
    now = timezone.now()
    if row.status == Status.PENDING:
        rows.step(row, Status.ACTIVE, actor=str(row.id), email_verified_at=now, locked_until=None)
    else:
        rows.show(row, email_verified_at=now)
    publish(EmailVerified(user_id=row.id, email=row.email))
