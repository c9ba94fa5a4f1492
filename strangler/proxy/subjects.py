"""Whose request this is, from the request alone (R9)."""

from __future__ import annotations

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from strangler.transport import signing
from strangler.transport.subjects import token_subject

COOKIE = "strangler_subject"
COOKIE_TTL_S = 400 * 24 * 3600  # browsers keep no cookie longer (RFC 6265bis 5.5)


def subjects_of(request: HttpRequest) -> tuple[str, ...]:
    """
    Return under which names the client is known, the first of which decides its share.

    They are the subject of a valid JWT and that of the router's own cookie; empty when there is neither.
    """
    authorization = request.META.get("HTTP_AUTHORIZATION")
    subject = token_subject(authorization) if authorization else None
    token = request.COOKIES.get(COOKIE)
    payload = signing.verify("subject", token) if token else None
    return tuple(str(name) for name in (subject, payload and payload["sub"]) if name)


def keeps_cookies(request: HttpRequest) -> bool:
    """Return whether the client has sent the router's cookie back, as only those do that keep cookies."""
    return COOKIE in request.COOKIES


def issue_subject(request: HttpRequest, response: HttpResponseBase) -> str:
    """Give the client a subject of its own, so that the next request is sticky, and return it."""
    subject = uuid.uuid4().hex
    token = signing.sign("subject", {"sub": subject}, ttl_s=COOKIE_TTL_S)
    response.set_cookie(COOKIE, token, max_age=COOKIE_TTL_S, secure=request.is_secure(), httponly=True, samesite="Lax")
    return subject
