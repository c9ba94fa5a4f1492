"""Writes of accounts: made, changed, locked, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from monolith.users import passwords
from monolith.users.contract import CustomerStatus as Status
from monolith.users.contract import EmailTaken, InvalidTransition, ProfileUpdated, Purpose, UserDeleted, UserRegistered
from monolith.users.domain import Role, transition
from monolith.users.models import Address, Customer, OneTimeToken, RefreshToken, UsersIdempotency
from monolith.users.selectors import by_email
from monolith.users.services import rows
from monolith.users.services.messages import send
from strangler.events import publish

PROFILE = ("first_name", "last_name", "phone")


@transaction.atomic
def customer_register(
    *, email: str, password_hash: str, first_name: str = "", last_name: str = "", phone: str = ""
) -> Customer:
    """
    Make a pending account, and ask its owner to show that the e-mail address is theirs.

    Args:
        password_hash: of a password that was found strong, by `passwords.hashed`.

    Raises:
        EmailTaken: nothing was made.
    """
    new = Customer(email=email, password=password_hash, first_name=first_name, last_name=last_name, phone=phone)
    # Only the database can see two inserts at once: the one that came second finds another id.
    Customer.objects.bulk_create([new], ignore_conflicts=True)
    if by_email(email).get().id != new.id:
        raise EmailTaken("Another account has this e-mail address: log in, or ask for a new password.")
    publish(UserRegistered(user_id=new.id, email=new.email, name=new.name))
    send(new, Purpose.VERIFY_EMAIL)
    return new


@transaction.atomic
def customer_update(*, customer: Customer, changes: Mapping[str, Any]) -> Customer:
    """
    Change first_name, last_name or phone.

    Raises:
        VersionConflict: *customer* is no longer as it was read.
        UnknownUser: it was deleted.
    """
    row = rows.locked_by_id(customer.id)
    rows.check_version(row, customer.version)
    if fields := rows.changed(row, changes, PROFILE):
        rows.show(row, **fields)
        publish(ProfileUpdated(user_id=row.id, version=row.version))
    return row


@transaction.atomic
def customer_appoint(*, customer_id: UUID, roles: Sequence[Role]) -> Customer:
    """Say which roles somebody has beside that of a customer; tokens say so from the next one on."""
    row = rows.locked_by_id(customer_id)
    if fields := rows.changed(row, {"roles": sorted({Role.CUSTOMER, *roles})}, ("roles",)):
        rows.show(row, **fields)
    return row


@transaction.atomic
def customer_lock(*, customer_id: UUID, actor: str, reason: str = "") -> Customer:
    """Let an account get no tokens until staff says so; its sessions end. Raises UnknownUser, InvalidTransition."""
    row = rows.locked_by_id(customer_id)
    if row.status == Status.LOCKED:
        rows.update(row, locked_until=None)
    else:
        rows.lock(row, actor=actor, reason=reason, until=None)
    rows.end_sessions(row)
    return row


@transaction.atomic
def customer_unlock(*, customer_id: UUID, actor: str, reason: str = "") -> Customer:
    """Take a lock off, whoever has set it. Raises UnknownUser, InvalidTransition."""
    row = rows.locked_by_id(customer_id)
    if row.status == Status.LOCKED:
        rows.unlock(row, actor=actor, reason=reason, failed_logins=0)
    elif row.status == Status.PENDING and row.failed_logins:
        rows.update(row, locked_until=None, failed_logins=0)
    elif row.status != Status.ACTIVE:
        raise InvalidTransition(
            f"A {row.status} account is not locked.", **transition(Status(row.status), Status.ACTIVE)
        )
    return row


@transaction.atomic
def customer_disable(*, customer_id: UUID, actor: str, reason: str = "") -> Customer:
    """Close an account that may be opened again; its sessions end. Raises UnknownUser, InvalidTransition."""
    row = rows.locked_by_id(customer_id)
    if row.status != Status.DISABLED:
        rows.step(row, Status.DISABLED, actor=actor, reason=reason)
        rows.end_sessions(row)
    return row


@transaction.atomic
def customer_enable(*, customer_id: UUID, actor: str, reason: str = "") -> Customer:
    """Open a closed account again. Raises UnknownUser, InvalidTransition: it was not disabled."""
    row = rows.locked_by_id(customer_id)
    if row.status not in (Status.DISABLED, Status.ACTIVE):
        raise InvalidTransition(
            f"A {row.status} account is not disabled.", **transition(Status(row.status), Status.ACTIVE)
        )
    if row.status == Status.DISABLED:
        rows.step(row, Status.ACTIVE, actor=actor, reason=reason, failed_logins=0)
    return row


@transaction.atomic
def customer_delete(*, customer_id: UUID, actor: str) -> None:
    """
    Forget who somebody was: id, dates and history stay, nothing else does, answers to earlier requests included.

    Raises:
        UnknownUser: it was deleted before.
    """
    row = rows.locked_by_id(customer_id)
    rows.step(
        row,
        Status.DELETED,
        actor=actor,
        email=f"deleted-{row.id}@deleted.invalid",
        email_verified_at=None,
        password=passwords.UNUSABLE,
        first_name="",
        last_name="",
        phone="",
        failed_logins=0,
        locked_until=None,
        last_login_at=None,
    )
    for belonging in (Address, RefreshToken, OneTimeToken):
        belonging.objects.filter(customer=row).delete()
    row.status_history.exclude(reason="").update(reason="")
    UsersIdempotency.objects.filter(Q(principal=str(row.id)) | Q(body__contains=str(row.id))).delete()
    publish(UserDeleted(user_id=row.id))


def customers_unlock(*, limit: int) -> int:
    """
    Take at most *limit* locks off that have run out, the oldest first, and return how many.

    The caller's transaction has asserted ownership. Rows that somebody else works on are skipped where the database
    can (PostgreSQL): any number of sweepers may run.
    """
    due = Customer.objects.filter(status=Status.LOCKED, locked_until__lte=timezone.now())
    found = list(due.select_for_update(skip_locked=True).order_by("locked_until", "id")[:limit])
    for row in found:
        rows.unlock(row, actor=rows.CLOCK)
    return len(found)
