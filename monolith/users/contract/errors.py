"""The users' refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class UsersError(ContractError):
    """Root of the users' refusals."""


class UnknownUser(UsersError):
    """There is no account with this id."""

    code = "unknown_user"


class UnknownRequest(UsersError):
    """No message is asked for by this id: its secret was used, is over, was replaced by a newer one, or never was."""

    code = "unknown_request"


class UnknownAddress(UsersError):
    """The customer has no address with this id."""

    code = "unknown_address"


class OutOfBounds(UsersError):
    """More, or fewer, ids than an operation takes."""

    code = "out_of_bounds"


class EmailTaken(UsersError):
    """Another account has this e-mail address, whatever its case."""

    code = "email_taken"


class WeakPassword(UsersError):
    """The password can be guessed; the context has `reasons`."""

    code = "weak_password"


class InvalidCredentials(UsersError):
    """E-mail or password is wrong, and nobody is told which."""

    code = "invalid_credentials"


class AccountLocked(UsersError):
    """The account is locked; the context has `until`, null while only staff can unlock it."""

    code = "account_locked"


class AccountDisabled(UsersError):
    """The account was disabled by staff."""

    code = "account_disabled"


class InvalidToken(UsersError):
    """A refresh token is unknown, revoked, or over."""

    code = "invalid_token"


class TokenReused(UsersError):
    """A refresh token was used before: somebody has a copy, and none of its family is valid any more."""

    code = "token_reused"


class TooManyAddresses(UsersError):
    """The address book is full."""

    code = "too_many_addresses"


class InvalidTransition(UsersError):
    """The account's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(UsersError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class VersionConflict(UsersError):
    """The row was changed after the caller had read it."""

    code = "version_conflict"
