"""Accounts over REST, to their owners and to staff: parse, call once, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.users import passwords, selectors, serializers
from monolith.users.contract import CustomerStatus, InvalidFilter
from monolith.users.models import Customer, UsersIdempotency
from monolith.users.representations import REPRESENTATION, profile_json, user_json
from monolith.users.services import accounts, credentials
from monolith.users.views.common import READ, WRITE, OwnView, UsersView, its_own_transaction
from strangler.hosting.rest.cursors import Pager
from strangler.hosting.rest.etags import conditional, etag, etag_of_body, require_match
from strangler.hosting.rest.idempotency import idempotent
from strangler.hosting.rest.openapi import IF_MATCH, IF_NONE_MATCH, PAGE
from strangler.hosting.rest.scopes import HasScope
from strangler.hosting.rest.views import one_transaction, read_body

_USERS = Pager(orderings={"created_at": ("created_at", "id")}, default="created_at")
_NOT_FILTERS = {"cursor", "limit", "ordering", "include", "format"}


class _MayRegister(HasScope):
    """Anybody may make an account; the rest is for staff."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "POST" or super().has_permission(request, view)


class AllUsersView(UsersView):
    """All accounts."""

    scopes = {"GET": READ, "HEAD": READ}
    permission_classes = (_MayRegister,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Hash the password before the transaction begins: it takes as long as a switch may."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self._new = read_body(serializers.NewUserSerializer, request)
            password = self._new.pop("password")
            named = {name: self._new.get(name, "") for name in ("email", "first_name", "last_name")}
            passwords.check_strength(password, Customer(**named))
            self._password_hash = passwords.hashed(password)

    @extend_schema(
        operation_id="list_users",
        parameters=[
            OpenApiParameter("email", str, description="the beginning of an e-mail address, whatever its case"),
            OpenApiParameter("status", str, enum=list(CustomerStatus)),
            OpenApiParameter("ordering", str, description="created_at (default), -created_at"),
            *PAGE,
        ],
        responses=serializers.UserPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List accounts, the oldest first; for staff."""
        given = {name: values for name, values in request.query_params.lists() if name not in _NOT_FILTERS}
        if repeated := [name for name, values in given.items() if len(values) > 1]:
            raise InvalidFilter(f"{repeated[0][:40]}: given more than once")
        rows = selectors.found({name: value for name, (value,) in given.items()})
        return _USERS.respond(request, rows, user_json)

    @extend_schema(
        operation_id="create_user",
        request=serializers.NewUserSerializer,
        responses={201: serializers.ProfileShownSerializer},
    )
    @idempotent(UsersIdempotency, route="POST /users")
    def post(self, request: Request) -> Response:
        """Make an account; a message asks its owner to show that the e-mail address is theirs."""
        made = accounts.customer_register(password_hash=self._password_hash, **self._new)
        response = _profile_response(made, status=201)
        response["Location"] = "/api/users/users/me"
        return response


class MeView(OwnView):
    """One's own account."""

    @extend_schema(operation_id="get_me", parameters=[IF_NONE_MATCH], responses=serializers.ProfileShownSerializer)
    def get(self, request: Request) -> Response:
        """Read your own account."""
        row = self.oneself(request)
        return conditional(request, _profile_response(row), _tag(row))

    @extend_schema(
        operation_id="change_me",
        parameters=[IF_MATCH],
        request=serializers.ProfileSerializer,
        responses=serializers.ProfileShownSerializer,
    )
    @one_transaction
    def patch(self, request: Request) -> Response:
        """Change what is given of your name and telephone number."""
        row = self.oneself(request)
        require_match(request, _tag(row))
        changes = read_body(serializers.ProfileSerializer, request, partial=True)
        return _profile_response(accounts.customer_update(customer=row, changes=changes))

    @extend_schema(operation_id="delete_me", responses={204: None})
    @one_transaction
    def delete(self, request: Request) -> Response:
        """Have everything forgotten that is known about you; this cannot be undone."""
        accounts.customer_delete(customer_id=self.own_id(request), actor=request.user.subject)
        return Response(status=204)


class MyPasswordView(OwnView):
    """One's own password."""

    @extend_schema(
        operation_id="change_my_password", request=serializers.PasswordChangeSerializer, responses={204: None}
    )
    @its_own_transaction
    def post(self, request: Request) -> Response:
        """Replace your password; every session ends, this one included. Wrong ones are counted as in a login."""
        body = read_body(serializers.PasswordChangeSerializer, request)
        credentials.password_change(
            customer_id=self.own_id(request), current=body["current_password"], new=body["new_password"]
        )
        return Response(status=204)


class UserView(UsersView):
    """One account, for staff."""

    scopes = {"GET": READ, "HEAD": READ}

    @extend_schema(operation_id="get_user", parameters=[IF_NONE_MATCH], responses=serializers.UserSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        """Read an account that was not deleted; for staff."""
        response = Response(user_json(selectors.customer(user_id)))
        return conditional(request, response, etag_of_body(JSONRenderer().render(response.data)))


class LockView(UsersView):
    """The step to locked."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="lock_user", request=serializers.ReasonSerializer, responses={200: serializers.UserSerializer}
    )
    @idempotent(UsersIdempotency, route="POST /users/:lock")
    def post(self, request: Request, user_id: UUID) -> Response:
        """Let an account get no tokens until it is unlocked; its sessions end."""
        return _stepped(accounts.customer_lock, request, user_id)


class UnlockView(UsersView):
    """The step back."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="unlock_user", request=serializers.ReasonSerializer, responses={200: serializers.UserSerializer}
    )
    @idempotent(UsersIdempotency, route="POST /users/:unlock")
    def post(self, request: Request, user_id: UUID) -> Response:
        """Take a lock off, whether staff has set it or wrong passwords."""
        return _stepped(accounts.customer_unlock, request, user_id)


class DisableView(UsersView):
    """The step to disabled."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="disable_user", request=serializers.ReasonSerializer, responses={200: serializers.UserSerializer}
    )
    @idempotent(UsersIdempotency, route="POST /users/:disable")
    def post(self, request: Request, user_id: UUID) -> Response:
        """Close an account that may be opened again; its sessions end."""
        return _stepped(accounts.customer_disable, request, user_id)


class EnableView(UsersView):
    """The step back to active."""

    scopes = {"POST": WRITE}

    @extend_schema(
        operation_id="enable_user", request=serializers.ReasonSerializer, responses={200: serializers.UserSerializer}
    )
    @idempotent(UsersIdempotency, route="POST /users/:enable")
    def post(self, request: Request, user_id: UUID) -> Response:
        """Open a closed account again."""
        return _stepped(accounts.customer_enable, request, user_id)


def _stepped(service: Any, request: Request, user_id: UUID) -> Response:
    reason = read_body(serializers.ReasonSerializer, request).get("reason", "")
    return Response(user_json(service(customer_id=user_id, actor=request.user.subject, reason=reason)))


def _tag(row: Customer) -> str:
    return etag(version=row.version, representation=REPRESENTATION)


def _profile_response(row: Customer, *, status: int = 200) -> Response:
    return Response(profile_json(row), status=status, headers={"ETag": _tag(row)})
