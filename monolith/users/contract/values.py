"""The users' values as other apps see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from strangler.contract import Moment


class CustomerStatus(StrEnum):
    """Where an account is in its life; `deleted` is final, and nothing about the person is left."""

    PENDING = "pending"
    ACTIVE = "active"
    LOCKED = "locked"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """
    Somebody who has an account.

    Attributes:
        status: an account whose lock has run out is active already.
        version: grows with every change of what is shown here.
    """

    id: UUID
    email: str
    email_verified: bool
    first_name: str
    last_name: str
    phone: str
    status: CustomerStatus
    created_at: Moment
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """
    How to reach somebody.

    Attributes:
        name: to be greeted by: the first name, or the e-mail address where none was given.
        phone: may be empty.
        reachable: whether the account may be written to at all: it is neither disabled nor deleted.
    """

    user_id: UUID
    name: str
    email: str
    email_verified: bool
    phone: str
    reachable: bool


class Purpose(StrEnum):
    """What a secret is good for, once."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  a word, no password


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """
    What a message carries to somebody, and proves that they have read it.

    Attributes:
        text: never to be kept or logged; it is not shown by `repr`.
        email: the only address that it may be sent to.
    """

    text: str = field(repr=False)
    email: str
    purpose: Purpose
    expires_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    Where something is sent.

    Attributes:
        label: the customer's own word for it, may be empty, as may *line2* and *region*.
        country: ISO 3166-1, two capital letters.
    """

    id: UUID
    customer_id: UUID
    label: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    is_default_shipping: bool
    is_default_billing: bool
    version: int
