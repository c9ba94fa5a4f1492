"""
Who asks, without a row: a verified JWT, the signed identity from the other home, or the monolith's own session (R22).

The same person is the same `Principal` in every home, so scopes and idempotency keys mean the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from strangler.conf import get_conf
from strangler.proxy import identity
from strangler.transport.subjects import token_claims

SCHEME = "Bearer"
_IDENTITY = "HTTP_" + identity.IDENTITY.upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Principal:
    """
    Somebody who proved who they are.

    Attributes:
        subject: stable name: a token's `sub`, or the key of the monolith's user.
        scopes: what they may do, such as `catalog:write`.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    is_staff: bool = False
    is_superuser: bool = False
    name: str = ""

    is_authenticated = True
    is_anonymous = False
    is_active = True

    @property
    def pk(self) -> str:
        """The subject, for code that asks a user for its key."""
        return self.subject

    def __str__(self) -> str:
        return self.name or self.subject


@dataclass(frozen=True, slots=True)
class Nobody:
    """Somebody who proved nothing."""

    subject: None = None
    scopes: frozenset[str] = frozenset()
    is_staff: bool = False
    is_superuser: bool = False

    is_authenticated = False
    is_anonymous = True
    is_active = False
    pk = None

    def __str__(self) -> str:
        return "nobody"


class HostAuthentication(BaseAuthentication):
    """
    DRF authentication of every host.

    A token that does not verify is an error and never falls back to a session. Whoever was recognised by a cookie must
    pass the CSRF check for an unsafe method, in whichever home the request is served.
    """

    def authenticate(self, request: Request) -> tuple[Principal, Mapping[str, Any]] | None:
        if authorization := request.META.get("HTTP_AUTHORIZATION"):
            return _by_token(authorization)
        claims = _by_cookie(request)
        if claims is None:
            return None
        if request.method not in SAFE_METHODS:
            _enforce_csrf(request)
        return principal(claims), claims

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'


def nobody() -> Nobody:
    """Return the user of a request that proves nothing (DRF's UNAUTHENTICATED_USER)."""
    return Nobody()


def principal(claims: Mapping[str, Any]) -> Principal:
    """Return the principal that verified *claims* describe."""
    scopes = claims.get("scopes", claims.get("scope", ""))
    return Principal(
        subject=str(claims["sub"]),
        scopes=frozenset(scopes.split() if isinstance(scopes, str) else scopes),
        is_staff=claims.get("staff") is True,
        is_superuser=claims.get("superuser") is True,
        name=str(claims.get("name", "")),
    )


def _by_token(authorization: str) -> tuple[Principal, Mapping[str, Any]]:
    if authorization.partition(" ")[0].lower() != SCHEME.lower():
        raise exceptions.AuthenticationFailed("Only bearer tokens are understood here.")
    claims = token_claims(authorization)
    if claims is None:
        raise exceptions.AuthenticationFailed("The token is not valid here: signature, issuer, audience or time.")
    return principal(claims), claims


def _by_cookie(request: Request) -> Mapping[str, Any] | None:
    """The other home's word about its session, or our own session."""
    if (token := request.META.get(_IDENTITY)) and (claims := identity.read_identity(token)):
        return claims
    user = getattr(request._request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    return identity.claims_of(user, get_conf().own_capabilities)


def _enforce_csrf(request: Request) -> None:
    check = CSRFCheck(lambda _: None)  # type: ignore[arg-type]
    check.process_request(request._request)
    if reason := check.process_view(request._request, None, (), {}):  # type: ignore[arg-type]
        raise exceptions.PermissionDenied(f"CSRF check failed: {reason}")
