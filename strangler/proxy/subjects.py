"""Whose request this is, from the request alone (R9)."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.transport import signing
from strangler.transport.subjects import token_subject

COOKIE = "strangler_subject"
COOKIE_TTL_S = 400 * 24 * 3600  # browsers keep no cookie longer (RFC 6265bis 5.5)


def subject_of(request: HttpRequest) -> str | None:
    """Return the subject of a valid JWT, else of the router's own cookie, else None."""
    authorization = request.META.get("HTTP_AUTHORIZATION")
    if authorization and (subject := token_subject(authorization)):
        return subject
    token = request.COOKIES.get(COOKIE)
    payload = signing.verify("subject", token) if token else None
    return str(payload["sub"]) if payload else None


def issue_subject(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the client a subject of its own, so that the next request is sticky."""
    token = signing.sign("subject", {"sub": uuid.uuid4().hex}, ttl_s=COOKIE_TTL_S)
    response.set_cookie(COOKIE, token, max_age=COOKIE_TTL_S, secure=request.is_secure(), httponly=True, samesite="Lax")
