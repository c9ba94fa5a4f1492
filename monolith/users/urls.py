"""URLs of the users, mounted under `api/users/`."""

from __future__ import annotations

from django.urls import path

from monolith.users.views import accounts, addresses, auth
from strangler.hosting.rest.openapi import documented

_routes = [
    path(".well-known/jwks.json", auth.KeysView.as_view()),
    path("auth/token", auth.TokenView.as_view()),
    path("auth/token/refresh", auth.RefreshView.as_view()),
    path("auth/logout", auth.LogoutView.as_view()),
    path("auth/password-reset", auth.PasswordResetView.as_view()),
    path("auth/password-reset/confirm", auth.PasswordResetConfirmView.as_view()),
    path("auth/verify-email", auth.VerifyEmailView.as_view()),
    path("auth/verify-email/send", auth.VerificationView.as_view()),
    path("users", accounts.AllUsersView.as_view()),
    path("users/me", accounts.MeView.as_view()),
    path("users/me/password", accounts.MyPasswordView.as_view()),
    path("users/me/addresses", addresses.AddressesView.as_view()),
    path("users/me/addresses/<uuid:address_id>", addresses.AddressView.as_view()),
    path("users/<uuid:user_id>", accounts.UserView.as_view()),
    path("users/<uuid:user_id>:lock", accounts.LockView.as_view()),
    path("users/<uuid:user_id>:unlock", accounts.UnlockView.as_view()),
    path("users/<uuid:user_id>:disable", accounts.DisableView.as_view()),
    path("users/<uuid:user_id>:enable", accounts.EnableView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/users/", title="Users", name="users")
