"""What every view of the users does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from monolith.users import selectors
from monolith.users.codes import UsersCode
from monolith.users.models import Customer
from strangler.hosting.auth import SCHEME
from strangler.hosting.rest.views import RestView

OWN, READ, WRITE = "users:own", "users:read", "users:write"
H = TypeVar("H", bound=Callable[..., Any])


class UsersView(RestView):
    """Refuses with the users' codes."""

    codes = UsersCode

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say with every 401 how to ask (RFC 9110 15.5.2), and let nobody keep what is about a person."""
        kept = "private, no-cache" if request.method in SAFE_METHODS else "no-store"
        response.headers.setdefault("Cache-Control", kept)
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", f'{SCHEME} realm="api"')
        return response


class OpenView(UsersView):
    """Open to everybody: what is sent is the proof, or there is nothing to prove."""

    authentication_classes = ()
    permission_classes = ()


class OwnView(UsersView):
    """What belongs to whoever asks, and to nobody else: no path names another account."""

    scopes = dict.fromkeys(("GET", "HEAD", "POST", "PATCH", "DELETE"), OWN)

    def oneself(self, request: Request) -> Customer:
        """Return the account of whoever asks. Raises UnknownUser, AccountDisabled, AccountLocked."""
        return selectors.oneself(request.user.subject)

    def own_id(self, request: Request) -> UUID:
        """Return the id of that account."""
        return self.oneself(request).id


def its_own_transaction(handler: H) -> H:
    """
    Say that the one service which *handler* calls is one atomic block (R4), and may not be called in another.

    It hashes before it begins, and what it counts stays although it refuses afterwards.
    """
    handler.strangler_atomic = True  # type: ignore[attr-defined]
    return cast(H, handler)
