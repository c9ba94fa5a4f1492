"""The closed lists of problem codes: one that every REST app shares, one that each app declares."""

from __future__ import annotations

import enum


class ProblemCode(enum.Enum):
    """
    Base of a closed list of problem codes; an app subclasses it with its own members.

    A member is `NAME = "wire_code", http_status, "Title"`. The title is the same for every occurrence (RFC 9457 3.1.3).
    """

    status: int
    title: str

    def __new__(cls, code: str, status: int, title: str) -> ProblemCode:
        member = object.__new__(cls)
        member._value_ = code
        member.status = status
        member.title = title
        return member


class RestCode(ProblemCode):
    """What any REST app may answer."""

    MALFORMED_REQUEST = "malformed_request", 400, "The request cannot be read"
    VALIDATION_FAILED = "validation_failed", 400, "The request is not valid"
    INVALID_QUERY = "invalid_query", 400, "A query parameter is not valid"
    INVALID_CURSOR = "invalid_cursor", 400, "The cursor is not valid"
    IDEMPOTENCY_KEY_REQUIRED = "idempotency_key_required", 400, "An Idempotency-Key is required"
    NOT_AUTHENTICATED = "not_authenticated", 401, "Credentials are missing or not valid"
    PERMISSION_DENIED = "permission_denied", 403, "Not allowed"
    NOT_FOUND = "not_found", 404, "Not found"
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The method is not allowed here"
    NOT_ACCEPTABLE = "not_acceptable", 406, "No acceptable representation"
    IDEMPOTENCY_IN_PROGRESS = "idempotency_in_progress", 409, "The first request with this key is still running"
    VERSION_CONFLICT = "version_conflict", 412, "The resource has changed"
    PAYLOAD_TOO_LARGE = "payload_too_large", 413, "The body is too large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "The media type is not supported"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 422, "The Idempotency-Key belongs to another request"
    PRECONDITION_REQUIRED = "precondition_required", 428, "If-Match is required"
    THROTTLED = "throttled", 429, "Too many requests"
    INTERNAL_ERROR = "internal_error", 500, "Something went wrong here"
    MOVED_MIDWAY = "moved_midway", 503, "The writer moved while the request ran"
