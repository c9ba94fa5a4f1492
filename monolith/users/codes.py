"""The users' own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class UsersCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    INVALID_CREDENTIALS = "invalid_credentials", 401, "E-mail or password is wrong"
    INVALID_TOKEN = "invalid_token", 401, "The refresh token is not valid"
    TOKEN_REUSED = "token_reused", 401, "The refresh token was used before"
    ACCOUNT_DISABLED = "account_disabled", 403, "The account is disabled"
    UNKNOWN_USER = "unknown_user", 404, "There is no such user"
    UNKNOWN_ADDRESS = "unknown_address", 404, "There is no such address"
    EMAIL_TAKEN = "email_taken", 409, "Another account has this e-mail address"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    TOO_MANY_ADDRESSES = "too_many_addresses", 409, "The address book is full"
    WEAK_PASSWORD = "weak_password", 422, "The password is too weak"
    ACCOUNT_LOCKED = "account_locked", 423, "The account is locked"
