"""The signed identity that travels with a session, and only with one (R22)."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from strangler.proxy.identity import read_identity
from tests.integration.proxy.conftest import DATABASES

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)


@pytest.fixture
def ann():
    return get_user_model().objects.create_user("ann", password="secret", is_staff=True)


@pytest.fixture
def moved(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    return platform


def sent_identity(platform):
    token = platform.upstream.received[-1].one("Strangler-Identity")
    return read_identity(token) if token else None


def test_session_becomes_an_identity(moved, ann):
    client = Client()
    client.force_login(ann)
    client.get("/sample/count")
    assert sent_identity(moved) == {
        "sub": str(ann.pk), "name": "ann", "staff": True, "superuser": False, "scopes": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("permission", "scopes"),
    [("view_shelf", ["sample:read"]), ("change_shelf", ["sample:write"]), ("change_user", [])],
)
def test_permissions_become_scopes_of_their_own_capability(moved, ann, permission, scopes):
    ann.user_permissions.add(Permission.objects.get(codename=permission))
    client = Client()
    client.force_login(ann)
    client.get("/sample/count")
    assert sent_identity(moved)["scopes"] == scopes


@pytest.mark.parametrize("cookie", [None, "sessionid=unknown", "sessionid="])
def test_nobody_has_no_identity(moved, cookie):
    Client().get("/sample/count", **({"HTTP_COOKIE": cookie} if cookie else {}))
    assert sent_identity(moved) is None


def test_token_of_a_client_is_left_alone(moved):
    """Both homes verify it themselves."""
    Client().get("/sample/count", HTTP_AUTHORIZATION="Bearer a.b.c")
    assert moved.upstream.only().one("Authorization") == "Bearer a.b.c"
    assert sent_identity(moved) is None


def test_user_who_was_deactivated_has_no_identity(moved, ann):
    client = Client()
    client.force_login(ann)
    get_user_model().objects.update(is_active=False)
    client.get("/sample/count")
    assert sent_identity(moved) is None


def test_service_vouches_for_nobody(platform, ann):
    """Its sessions' users have no rows there; the monolith resolves the cookie itself."""
    client = Client()
    client.force_login(ann)
    platform.be_the_service()
    platform.table_says(writer="monolith", epoch=2)
    client.get("/sample/count")
    assert sent_identity(platform) is None
    assert platform.upstream.only().one("Cookie") == f"sessionid={client.cookies['sessionid'].value}"
