"""Logging in and out, and messages that prove who somebody is: parse, call once, render."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.users import serializers
from monolith.users.representations import tokens_json
from monolith.users.services import credentials, sessions
from monolith.users.services.sessions import Device
from monolith.users.views.common import OpenView, its_own_transaction
from strangler.hosting.keyring import published
from strangler.hosting.rest.views import one_transaction, read_body

_USER_AGENT_MAX = 300


class KeysView(OpenView):
    """The public keys."""

    @extend_schema(operation_id="get_keys", responses={(200, "application/jwk-set+json"): serializers.KeySetSerializer})
    def get(self, request: Request) -> HttpResponse:
        """Read the keys by which tokens verify: those that sign, will sign, and have signed."""
        return published()


class TokenView(OpenView):
    """Sessions."""

    @extend_schema(
        operation_id="create_token",
        request=serializers.LoginSerializer,
        responses={200: serializers.TokensSerializer},
    )
    @its_own_transaction
    def post(self, request: Request) -> Response:
        """
        Log in.

        Five wrong passwords in a row lock the account for a minute, every further one for twice as long, up to a day.
        """
        body = read_body(serializers.LoginSerializer, request)
        return Response(tokens_json(sessions.session_open(**body, device=_device(request))))


class RefreshView(OpenView):
    """The next token of a session."""

    @extend_schema(
        operation_id="refresh_token",
        request=serializers.RefreshSerializer,
        responses={200: serializers.TokensSerializer},
    )
    @its_own_transaction
    def post(self, request: Request) -> Response:
        """
        Exchange a refresh token for the next one.

        It is good once: whoever sends it again ends the whole session, for one of the two is a thief.
        """
        body = read_body(serializers.RefreshSerializer, request)
        return Response(tokens_json(sessions.session_refresh(**body, device=_device(request))))


class LogoutView(OpenView):
    """The end of a session."""

    @extend_schema(operation_id="log_out", request=serializers.RefreshSerializer, responses={204: None})
    @one_transaction
    def post(self, request: Request) -> Response:
        """End a session; access tokens that were given are good until they are over, a quarter of an hour at most."""
        sessions.session_close(**read_body(serializers.RefreshSerializer, request))
        return Response(status=204)


class PasswordResetView(OpenView):
    """Messages to those who have forgotten their passwords."""

    @extend_schema(
        operation_id="request_password_reset",
        request=serializers.GivenEmailSerializer,
        responses={202: serializers.AcceptedSerializer},
    )
    @one_transaction
    def post(self, request: Request) -> Response:
        """Ask for a message with a token, if there is such an account; the answer does not say."""
        credentials.password_reset_request(**read_body(serializers.GivenEmailSerializer, request))
        return _accepted()


class PasswordResetConfirmView(OpenView):
    """New passwords for forgotten ones."""

    @extend_schema(
        operation_id="confirm_password_reset",
        request=serializers.NewPasswordSerializer,
        responses={202: serializers.AcceptedSerializer},
    )
    @its_own_transaction
    def post(self, request: Request) -> Response:
        """Replace the password, if the token is good; the answer does not say. Every session ends."""
        credentials.password_reset_confirm(**read_body(serializers.NewPasswordSerializer, request))
        return _accepted()


class VerifyEmailView(OpenView):
    """Proofs of e-mail addresses."""

    @extend_schema(
        operation_id="verify_email",
        request=serializers.ProofSerializer,
        responses={202: serializers.AcceptedSerializer},
    )
    @one_transaction
    def post(self, request: Request) -> Response:
        """Show that an e-mail address is yours, if the token is good; the answer does not say."""
        credentials.verification_confirm(**read_body(serializers.ProofSerializer, request))
        return _accepted()


class VerificationView(OpenView):
    """Messages to those who have not shown that their e-mail address is theirs."""

    @extend_schema(
        operation_id="request_verification",
        request=serializers.GivenEmailSerializer,
        responses={202: serializers.AcceptedSerializer},
    )
    @one_transaction
    def post(self, request: Request) -> Response:
        """Ask for another message with a token, if there is something to show; the answer does not say."""
        credentials.verification_request(**read_body(serializers.GivenEmailSerializer, request))
        return _accepted()


def _accepted() -> Response:
    return Response({"status": "accepted"}, status=202)


def _device(request: Request) -> Device:
    agent = request.headers.get("User-Agent", "").replace("\x00", "")[:_USER_AGENT_MAX]
    return Device(user_agent=agent, ip=request.META.get("REMOTE_ADDR", "")[:45])
