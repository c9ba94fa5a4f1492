"""What has happened to accounts, for whoever wants to hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from strangler.contract import Events, Moment

events = Events("users")


@events.declare("shop.user.registered.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered:
    """
    Somebody has made an account.

    Attributes:
        name: to be greeted by.
    """

    user_id: UUID
    email: str
    name: str


@events.declare("shop.user.verification_requested.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRequested:
    """
    Somebody is to show that the e-mail address is theirs.

    Attributes:
        request_id: by which whoever writes the message asks for its secret; it is no secret itself.
    """

    user_id: UUID
    email: str
    name: str
    request_id: UUID
    expires_at: Moment


@events.declare("shop.user.email_verified.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerified:
    """The e-mail address is theirs."""

    user_id: UUID
    email: str


@events.declare("shop.user.password_reset_requested.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested:
    """
    Somebody has forgotten the password, or says so.

    Attributes:
        request_id: by which whoever writes the message asks for its secret; it is no secret itself.
    """

    user_id: UUID
    email: str
    name: str
    request_id: UUID
    expires_at: Moment


@events.declare("shop.user.password_changed.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged:
    """There is another password, and every session has ended."""

    user_id: UUID
    email: str
    name: str


@events.declare("shop.user.profile_updated.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileUpdated:
    """
    Name or phone has changed.

    Attributes:
        version: of the account, as its `Customer` says it.
    """

    user_id: UUID
    version: int


@events.declare("shop.user.locked.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserLocked:
    """
    The account gives no tokens any more.

    Attributes:
        until: when it does again; None: when staff says so.
        reason: `failed_logins`, or what staff wrote.
    """

    user_id: UUID
    email: str
    name: str
    until: Moment | None
    reason: str


@events.declare("shop.user.unlocked.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnlocked:
    """The account gives tokens again."""

    user_id: UUID


@events.declare("shop.user.deleted.v1", aggregate="user", key="user_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeleted:
    """Nothing about the person is left here: whoever hears this erases what they have, too."""

    user_id: UUID
