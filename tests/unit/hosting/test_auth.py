"""Who asks, without a row: the same principal in every home (R22)."""

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.middleware.csrf import get_token
from django.test import RequestFactory, override_settings
from rest_framework import exceptions
from rest_framework.request import Request

from monolith.config.run.keys import JWKS, ensure_issuer, staff_token
from strangler.conf import get_conf
from strangler.hosting.auth import HostAuthentication, Principal, nobody
from strangler.hosting.homes import AUDIENCE, ISSUER
from strangler.proxy.identity import claims_of
from strangler.transport import signing


@pytest.fixture
def keys(tmp_path):
    ensure_issuer(tmp_path)
    strangler = settings.STRANGLER | {
        "SUBJECT_JWKS": str(tmp_path / JWKS),
        "SUBJECT_ISSUER": ISSUER,
        "SUBJECT_AUDIENCE": AUDIENCE,
    }
    with override_settings(STRANGLER=strangler):
        yield tmp_path


def authenticate(method="GET", *, user=None, cookies=None, **headers):
    plain = RequestFactory().generic(method, "/", headers=headers)
    plain.COOKIES.update(cookies or {})
    if user is not None:
        plain.user = user
    return HostAuthentication().authenticate(Request(plain))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def identity(**claims):
    return signing.sign("identity", {"sub": "7", "scopes": ["sample:write"], "staff": True, **claims}, ttl_s=60)


def test_a_token_becomes_a_principal(keys):
    found, claims = authenticate("POST", **bearer(staff_token(keys, subject="ann", scopes=("sample:write",))))
    assert found == Principal("ann", frozenset({"sample:write"}), is_staff=True)
    assert claims["iss"] == ISSUER


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://elsewhere"},
        {"audience": "others"},
        {"ttl_s": -60},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_wrong_token_is_refused_and_no_session_is_asked(keys, wrong):
    with pytest.raises(exceptions.AuthenticationFailed):
        authenticate(user=User(pk=1, username="ann"), **bearer(staff_token(keys, **wrong)))


def test_a_token_of_another_key_is_refused(keys, tmp_path_factory):
    stranger = tmp_path_factory.mktemp("stranger")
    with pytest.raises(exceptions.AuthenticationFailed):
        authenticate(**bearer(staff_token(stranger)))


def test_other_schemes_are_refused(keys):
    with pytest.raises(exceptions.AuthenticationFailed):
        authenticate(Authorization="Basic YW5uOmFubg==")


def test_the_other_homes_word_becomes_a_principal_without_a_row():
    found, _ = authenticate(**{"Strangler-Identity": identity(name="ann")})
    assert found == Principal("7", frozenset({"sample:write"}), is_staff=True, name="ann")


@pytest.mark.parametrize("forge", [lambda t: t[:-2] + "xx", lambda t: signing.sign("hop", {"sub": "1"}, ttl_s=60)])
def test_a_forged_identity_is_nobody(forge):
    assert authenticate(**{"Strangler-Identity": forge(identity())}) is None


def test_an_identity_that_is_over_is_nobody():
    over = signing.sign("identity", {"sub": "7"}, ttl_s=-1)
    assert authenticate(**{"Strangler-Identity": over}) is None


@pytest.mark.django_db
@pytest.mark.usefixtures("sample_alone")
def test_the_monoliths_session_and_its_word_name_the_same_principal():
    user = User.objects.create_superuser("ann", password=None)
    of_session, _ = authenticate(user=user)
    word = signing.sign("identity", claims_of(user, get_conf().own_capabilities), ttl_s=60)
    assert authenticate(**{"Strangler-Identity": word})[0] == of_session
    assert of_session.scopes == {"sample:read", "sample:write"}


@pytest.mark.parametrize("by", ["identity", "session"])
@pytest.mark.django_db
def test_a_cookie_needs_csrf_for_unsafe_methods_in_either_home(by):
    user = User.objects.create_superuser("ann", password=None)
    who = {"user": user} if by == "session" else {"Strangler-Identity": identity()}
    with pytest.raises(exceptions.PermissionDenied, match="CSRF"):
        authenticate("POST", **who)
    request = RequestFactory().get("/")
    secret = get_token(request)
    cookies = {settings.CSRF_COOKIE_NAME: request.META["CSRF_COOKIE"]}
    assert authenticate("POST", cookies=cookies, **who, **{"X-CSRFToken": secret}) is not None


def test_a_token_needs_no_csrf(keys):
    assert authenticate("POST", **bearer(staff_token(keys))) is not None


@pytest.mark.parametrize("user", [None, AnonymousUser(), User(pk=1, is_active=False)])
def test_nobody_is_nobody(user):
    assert authenticate(user=user) is None
    assert not nobody().is_authenticated
