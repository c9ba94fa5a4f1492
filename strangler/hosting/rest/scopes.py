"""Asks for scopes: reading is open unless a view says otherwise, writing is closed unless it says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # this module is named in REST_FRAMEWORK, which rest_framework.views reads while it is imported
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """
    Let a request pass when its principal has the scope that the view declares for the method.

    A view declares `scopes = {"POST": "catalog:write"}`. A safe method without an entry is open to everybody; an unsafe
    one without an entry is refused to everybody, so that a forgotten entry shows at once.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = getattr(view, "scopes", {}).get(request.method)
        if scope is None:
            return request.method in SAFE_METHODS
        return has_scope(request, scope)


def has_scope(request: Request, scope: str) -> bool:
    """Whether the principal of *request* was granted *scope*."""
    user: Any = request.user
    return bool(user and user.is_authenticated and scope in getattr(user, "scopes", ()))
