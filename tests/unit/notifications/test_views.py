"""Notifications over REST: who may, and what is answered."""

import uuid

import pytest
from rest_framework.test import APIClient

from monolith.notifications.models import Suppression
from strangler.hosting.auth import Principal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rest(settings):
    """A function (*scopes) -> a client."""
    settings.ROOT_URLCONF = "tests.unit.notifications.urls"
    settings.MIDDLEWARE = []

    def client(*scopes):
        made = APIClient()
        made.force_authenticate(user=Principal("7", frozenset(scopes)))
        return made

    return client


@pytest.fixture
def staff(rest):
    return rest("notifications:read", "notifications:write")


def send(client, path, body, method="post"):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    return getattr(client, method)(f"/api/notifications{path}", body, format="json", headers=headers)


def test_staff_tells_somebody_something_once(staff, post, person):
    body = {"recipient": str(person().id), "dedupe_key": "k", "template": "order_shipped", "data": {"number": "A-1"}}
    first, again = send(staff, "/notifications", body), send(staff, "/notifications", body)
    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])
    post.run()
    seen = staff.get(first.headers["Location"]).json()
    assert (seen["status"], [one["status"] for one in seen["deliveries"]]) == ("completed", ["sent"])
    assert len(post.mails) == 1
    assert staff.get("/api/notifications/notifications?status=completed").json()["data"] == [seen]
    refused = send(staff, f"/notifications/{seen['id']}:resend", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"template": "nonsense"}, 404, "template_not_found"),
        ({"data": {}}, 422, "variables_invalid"),
        ({"data": {"number": 5}}, 400, "validation_failed"),
        ({"recipient": 5}, 400, "validation_failed"),
    ],
)
def test_what_cannot_be_sent_is_refused(staff, change, status, code):
    body = {"recipient": str(uuid.uuid4()), "dedupe_key": "k", "template": "order_shipped", "data": {"number": "A-1"}}
    answer = send(staff, "/notifications", body | change)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_preferences_and_suppressions(staff):
    who = uuid.uuid4()
    path = f"/preferences/{who}"
    assert staff.get(f"/api/notifications{path}").json() == {"marketing": False}
    assert send(staff, path, {"marketing": True}, "put").json() == {"marketing": True}
    assert staff.get(f"/api/notifications{path}").json() == {"marketing": True}
    row = Suppression.objects.create(address="x@example.com", reason="hard_bounce", recipient=who)
    listed = staff.get("/api/notifications/suppressions").json()["data"]
    assert [(one["id"], one["address"]) for one in listed] == [(str(row.id), "x@example.com")]
    assert staff.delete(f"/api/notifications/suppressions/{row.id}").status_code == 204
    assert staff.delete(f"/api/notifications/suppressions/{row.id}").json()["code"] == "unknown_suppression"


@pytest.mark.parametrize("path", ["notifications", "templates", f"preferences/{uuid.UUID(int=7)}", "suppressions"])
def test_what_is_staffs_is_closed_to_customers(rest, staff, path):
    assert staff.get(f"/api/notifications/{path}").status_code == 200
    assert rest("users:own", "orders:own").get(f"/api/notifications/{path}").status_code == 403
