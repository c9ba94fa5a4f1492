"""What every write of an account does: lock it, step from status to status, and end its sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from monolith.users.contract import CustomerStatus as Status
from monolith.users.contract import InvalidTransition, UserLocked, UserUnlocked, VersionConflict
from monolith.users.domain import TRANSITIONS, transition
from monolith.users.models import Customer, CustomerStatusHistory, RefreshToken
from monolith.users.selectors import status_of, unknown_user
from strangler.events import publish

CLOCK = "expiry"


def locked(rows: QuerySet[Customer]) -> Customer | None:
    """
    Return the only one of *rows*, locked until the transaction ends; None: there is none that was not deleted.

    A lock that has run out is taken off by whoever comes first.
    """
    row = rows.exclude(status=Status.DELETED).select_for_update(of=("self",)).first()
    if row is not None and row.status == Status.LOCKED and status_of(row) is Status.ACTIVE:
        unlock(row, actor=CLOCK)
    return row


def locked_by_id(customer_id: UUID) -> Customer:
    """Return an account, locked until the transaction ends. Raises UnknownUser."""
    row = locked(Customer.objects.filter(id=customer_id))
    if row is None:
        raise unknown_user(customer_id)
    return row


def update(row: Customer, **fields: Any) -> None:
    """Write *fields* of a locked account, of which nobody is shown any."""
    Customer.objects.filter(id=row.id).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)


def show(row: Customer, **fields: Any) -> None:
    """Write *fields* of a locked account that others are shown, and count its version up."""
    update(row, **fields)
    Customer.objects.filter(id=row.id).update(version=F("version") + 1)
    row.version += 1


def step(row: Customer, target: Status, *, actor: str, reason: str = "", **fields: Any) -> None:
    """
    Take a locked account to another status, and write the history.

    Raises:
        InvalidTransition: the table does not allow it.
    """
    before = Status(row.status)
    open_ones = Customer.objects.filter(id=row.id, status__in=TRANSITIONS.before(target))
    if not open_ones.update(status=target, version=F("version") + 1, **fields):
        raise InvalidTransition(f"A {before} account cannot become {target}.", **transition(before, target))
    CustomerStatusHistory.objects.create(
        customer=row, actor=actor, from_status=before, to_status=target, reason=reason, at=timezone.now()
    )
    row.version += 1
    for name, value in {"status": target.value, **fields}.items():
        setattr(row, name, value)


def lock(row: Customer, *, actor: str, reason: str, until: datetime | None) -> None:
    """Lock a locked row's account, and tell."""
    step(row, Status.LOCKED, actor=actor, reason=reason, locked_until=until)
    publish(UserLocked(user_id=row.id, email=row.email, name=row.name, until=until, reason=reason))


def unlock(row: Customer, *, actor: str, reason: str = "", **fields: Any) -> None:
    """Take the lock off, and tell."""
    step(row, Status.ACTIVE, actor=actor, reason=reason, locked_until=None, **fields)
    publish(UserUnlocked(user_id=row.id))


def end_sessions(row: Customer) -> None:
    """Let no refresh token of a locked account be valid any more."""
    RefreshToken.objects.filter(customer=row, revoked_at=None).update(revoked_at=timezone.now())


def check_version(row: Any, version: int) -> None:
    """Raise VersionConflict unless a locked row is still as the caller had read it."""
    if row.version != version:
        raise VersionConflict("The resource has changed since it was read.")


def changed(row: Any, changes: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what of *changes* is different from what *row* says."""
    return {name: changes[name] for name in names if name in changes and changes[name] != getattr(row, name)}
