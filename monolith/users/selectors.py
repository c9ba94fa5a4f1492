"""Reads of the users; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from monolith.users.contract import CustomerStatus as Status
from monolith.users.contract import InvalidFilter, OutOfBounds, UnknownAddress, UnknownRequest, UnknownUser
from monolith.users.domain import ADDRESSES_MAX, EMAIL_MAX, IDS_MAX, fingerprint, is_text, refusal_of, status_at
from monolith.users.models import Address, Customer, OneTimeToken
from monolith.users.secrets import secret_of


def status_of(row: Customer) -> Status:
    """Return the status that counts now."""
    return status_at(Status(row.status), row.locked_until, timezone.now())


def by_email(email: str) -> QuerySet[Customer]:
    """Return whoever has this e-mail address, whatever its case: one row at most."""
    return Customer.objects.alias(email_lower=Lower("email")).filter(email_lower=email.lower())


def customer(customer_id: UUID) -> Customer:
    """Return an account that was not deleted. Raises UnknownUser."""
    row = Customer.objects.filter(id=customer_id).exclude(status=Status.DELETED).first()
    if row is None:
        raise unknown_user(customer_id)
    return row


def oneself(subject: str) -> Customer:
    """
    Return the account of a token's subject, who may use it.

    A lock that wrong passwords have set is no reason to refuse: whoever has a token did not guess.

    Raises:
        UnknownUser: it was deleted, or the subject is no customer.
        AccountDisabled, AccountLocked: staff said so.
    """
    try:
        row = customer(UUID(subject))
    except ValueError:
        raise unknown_user(subject) from None
    if row.locked_until is None and (refusal := refusal_of(Status(row.status), None)):
        raise refusal
    return row


def request(request_id: UUID) -> tuple[OneTimeToken, str]:
    """
    Return what a message was asked for by, and its secret.

    Raises:
        UnknownRequest: there is none, its secret was used, is over, or was made with a key that is no longer in use.
    """
    row: OneTimeToken | None = OneTimeToken.objects.filter(id=request_id, expires_at__gt=timezone.now()).first()
    secret = secret_of(request_id)
    if row is None or row.token_sha256 != fingerprint(secret):
        raise UnknownRequest(f"No message is asked for by {request_id}.")
    return row, secret


def customers(ids: Iterable[UUID]) -> list[Customer]:
    """
    Return accounts in the order of *ids*, repeats dropped, without those that are unknown.

    Raises:
        OutOfBounds: none, or more than `IDS_MAX`.
    """
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= IDS_MAX:
        raise OutOfBounds(f"Ask for 1 to {IDS_MAX} ids, not {len(wanted)}.")
    rows = Customer.objects.exclude(status=Status.DELETED).in_bulk(wanted)
    return [rows[one] for one in wanted if one in rows]


def found(filters: Mapping[str, str]) -> QuerySet[Customer]:
    """
    Return accounts.

    Args:
        filters: `email` (the beginning of one, whatever its case), `status`.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be one.
    """
    if unknown := sorted(filters.keys() - {"email", "status"}):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    rows = Customer.objects.all()
    if (email := filters.get("email")) is not None:
        if len(email) > EMAIL_MAX or not is_text(email):
            raise InvalidFilter("email: too long, or contains what no address does")
        rows = rows.alias(email_lower=Lower("email")).filter(email_lower__startswith=email.lower())
    if (status := filters.get("status")) is not None:
        if status not in list(Status):
            raise InvalidFilter(f"status: must be one of {', '.join(Status)}, not {status[:20]!r}")
        rows = rows.filter(status=status)
    return rows


def addresses(customer_id: UUID, ids: Sequence[UUID] = ()) -> list[Address]:
    """
    Return the addresses of one customer: those of *ids* in their order, repeats dropped, or all by age.

    Raises:
        UnknownAddress: the customer does not have one of *ids*.
        OutOfBounds: more than `ADDRESSES_MAX`.
    """
    rows = Address.objects.filter(customer_id=customer_id)
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return list(rows)
    if len(wanted) > ADDRESSES_MAX:
        raise OutOfBounds(f"Ask for up to {ADDRESSES_MAX} addresses, not {len(wanted)}.")
    known = rows.in_bulk(wanted)
    if missing := [str(one) for one in wanted if one not in known]:
        raise UnknownAddress(f"The customer has no address {', '.join(missing)}.", ids=missing)
    return [known[one] for one in wanted]


def address(customer_id: UUID, address_id: UUID) -> Address:
    """Return one address of one customer. Raises UnknownAddress."""
    return addresses(customer_id, [address_id])[0]


def unknown_user(customer_id: object) -> UnknownUser:
    """Make the refusal."""
    return UnknownUser(f"There is no user {str(customer_id)[:40]}.")
