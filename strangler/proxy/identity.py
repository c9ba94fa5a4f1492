"""
Who is logged in, told to the home that has no session's user (R22).

The monolith resolves the Django session and adds the signed `Strangler-Identity`; the service builds its principal
from that without a row of its own. Requests with a JWT need none: both homes verify the token themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest

from strangler.conf import MONOLITH_HOST, get_conf
from strangler.transport import signing

IDENTITY = "Strangler-Identity"
IDENTITY_TTL_S = 60


def identity_token(request: HttpRequest, capability: str) -> str | None:
    """Return the token that tells who is logged in by a session cookie, or None when nobody is."""
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if session_key is None or get_conf().host != MONOLITH_HOST or not apps.is_installed("django.contrib.auth"):
        return None
    user = _session_user(request, session_key)
    if not user.is_authenticated:
        return None
    return signing.sign("identity", claims_of(user, [capability]), ttl_s=IDENTITY_TTL_S)


def claims_of(user: Any, capabilities: Iterable[str]) -> dict[str, Any]:
    """Return what both homes say about a logged-in user, as far as *capabilities* are concerned."""
    return {
        "sub": str(user.pk),
        "name": user.get_username(),
        "staff": bool(getattr(user, "is_staff", False)),
        "superuser": bool(getattr(user, "is_superuser", False)),
        "scopes": [scope for capability in capabilities for scope in _scopes(user, capability)],
    }


def read_identity(token: str) -> dict[str, Any] | None:
    """Return sub, name, staff, superuser and scopes that *token* proves, or None."""
    return signing.verify("identity", token)


def _session_user(request: HttpRequest, session_key: str) -> Any:
    from django.contrib.auth import get_user  # needs the app registry

    # The middleware that does this for views stands below the router.
    asked = HttpRequest()
    asked.META = request.META
    asked.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return get_user(asked)


def _scopes(user: Any, capability: str) -> list[str]:
    """Return what the user's permissions in the capability's app amount to."""
    app = get_conf().capabilities[capability].app
    actions = {permission.rpartition(".")[2].partition("_")[0] for permission in user.get_all_permissions()
               if permission.startswith(f"{app}.")}  # fmt: skip
    scopes = [f"{capability}:read"] if "view" in actions else []
    return scopes + ([f"{capability}:write"] if actions & {"add", "change", "delete"} else [])
