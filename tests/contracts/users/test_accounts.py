"""Accounts and address books over REST, to their owners and to staff."""

from __future__ import annotations

import uuid

import pytest

from tests.contracts.client import Client, created, pages
from tests.contracts.expectations import is_problem, names_field
from tests.contracts.users.conftest import HOME, PASSWORD, Person
from tests.support.platform import Platform


def test_account_is_made_once_per_key(anybody: Client) -> None:
    body = {"email": f"{uuid.uuid4().hex}@Example.com", "password": PASSWORD, "last_name": "Miller"}
    key = str(uuid.uuid4())
    first, again = created(anybody.create("/users", body, key=key)), anybody.create("/users", body, key=key)
    assert (again.status, again.json, again.replayed) == (201, first.json, True)
    assert first.json["status"] == "pending"
    assert first.json["roles"] == ["customer"]
    assert first.headers["Location"] == "/api/users/users/me"
    assert "password" not in first.json
    other = anybody.create("/users", body | {"password": "another horse battery"}, key=key)
    is_problem(other, 422, "idempotency_key_reused")
    is_problem(anybody.send("POST", "/users", body=body), 400, "idempotency_key_required")


def test_address_is_taken_whatever_its_case(anybody: Client, ann: Person) -> None:
    body = {"email": ann.email.upper(), "password": PASSWORD}
    is_problem(anybody.create("/users", body), 409, "email_taken")


def test_what_cannot_be_an_account_is_refused(anybody: Client) -> None:
    email = f"{uuid.uuid4().hex}@example.com"
    names_field(anybody.create("/users", {"email": "nobody", "password": PASSWORD}), "email", "invalid")
    names_field(anybody.create("/users", {"email": email}), "password", "required")
    names_field(anybody.create("/users", {"email": email, "password": PASSWORD, "roles": ["support"]}), "roles")
    weak = is_problem(anybody.create("/users", {"email": email, "password": "password123"}), 422, "weak_password")
    assert weak["reasons"]
    is_problem(anybody.create("/users", {"email": email, "password": email}), 422, "weak_password")


def test_profile_is_changed_by_its_version(ann: Person) -> None:
    me = ann.client.get("/users/me")
    assert me.json == ann.made.json
    assert ann.client.get("/users/me", headers={"If-None-Match": me.etag}).status == 304
    changed = ann.client.change("PATCH", "/users/me", {"phone": "+1 555 0100"}, tag=me.etag)
    assert changed.json == {**me.json, "phone": "+1 555 0100", "version": 2}
    is_problem(ann.client.change("PATCH", "/users/me", {"phone": ""}, tag=me.etag), 412, "version_conflict")
    is_problem(ann.client.send("PATCH", "/users/me", body={"phone": ""}), 428, "precondition_required")
    for member in ("email", "roles", "status", "version"):
        names_field(ann.client.change("PATCH", "/users/me", {member: "x"}, tag=changed.etag), member, "unknown")


def test_logging_in_changes_no_version(ann: Person) -> None:
    tag = ann.client.get("/users/me").etag
    ann.log_in()
    assert ann.client.get("/users/me").etag == tag


def test_address_book(ann: Person) -> None:
    first = created(ann.client.create("/users/me/addresses", HOME | {"is_default_shipping": True}))
    assert first.json == {
        "id": first.json["id"], "label": "", "line2": "", **HOME,
        "is_default_shipping": True, "is_default_billing": False, "version": 1,
    }  # fmt: skip
    path = f"/users/me/addresses/{first.json['id']}"
    second = created(ann.client.create("/users/me/addresses", HOME | {"is_default_shipping": True, "label": "Work"}))
    assert ann.client.get(path).json["is_default_shipping"] is False
    is_problem(ann.client.change("PATCH", path, {"city": "Elko"}, tag=first.etag), 412, "version_conflict")
    changed = ann.client.change("PATCH", path, {"city": "Elko"}, tag=ann.client.get(path).etag)
    assert (changed.json["city"], changed.json["version"]) == ("Elko", 3)
    book = ann.client.get("/users/me/addresses").json["data"]
    assert book == [changed.json, second.json]
    assert ann.client.change("DELETE", path, None, tag=changed.etag).status == 204
    is_problem(ann.client.get(path), 404, "unknown_address")
    names_field(ann.client.create("/users/me/addresses", HOME | {"country": "usa"}), "country")
    names_field(ann.client.create("/users/me/addresses", {"line1": "x"}), "city", "required")


def test_nobody_sees_or_changes_what_is_anothers(ann: Person, users_url: str) -> None:
    """Every path with an id, by somebody else, with the right version at hand."""
    bob = Person(users_url)
    address = created(ann.client.create("/users/me/addresses", HOME))
    path = f"/users/me/addresses/{address.json['id']}"
    is_problem(bob.client.get(path), 404, "unknown_address")
    is_problem(bob.client.change("PATCH", path, {"city": "Elko"}, tag=address.etag), 404, "unknown_address")
    is_problem(bob.client.change("DELETE", path, None, tag=address.etag), 404, "unknown_address")
    for customer in (bob, ann):
        is_problem(customer.client.get(f"/users/{ann.id}"), 403, "permission_denied")
        is_problem(customer.client.get("/users"), 403, "permission_denied")
        for step in ("lock", "unlock", "disable", "enable"):
            is_problem(customer.client.create(f"/users/{ann.id}:{step}", {}), 403, "permission_denied")
    assert ann.client.get(path).json == address.json


def test_who_has_no_token_has_no_account(anybody: Client, staff: Client) -> None:
    """A member of staff is no customer, whatever their scopes."""
    for method, path in (
        ("GET", "/users/me"), ("PATCH", "/users/me"), ("DELETE", "/users/me"), ("POST", "/users/me/password"),
        ("GET", "/users/me/addresses"), ("POST", "/users/me/addresses"), ("GET", "/users"),
    ):  # fmt: skip
        refused = anybody.send(method, path, body=None if method == "GET" else {})
        is_problem(refused, 401, "not_authenticated")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    is_problem(staff.get("/users/me"), 403, "permission_denied")


def test_staff_finds_accounts_by_the_beginning_of_an_address(staff: Client, users_url: str) -> None:
    people = [Person(users_url) for _ in range(2)]
    for person in people:
        (found,) = staff.get("/users", email=person.email[:12].upper(), include="count").json["data"]
        assert (found["id"], found["email"], found["failed_logins"]) == (person.id, person.email, 0)
        assert staff.get(f"/users/{person.id}").json == found
    listed = [row["id"] for page in pages(staff, "/users", limit=50, status="pending") for row in page["data"]]
    assert len(set(listed)) == len(listed)
    assert listed.index(people[0].id) < listed.index(people[1].id)
    is_problem(staff.get("/users", name="Ann"), 400, "invalid_filter")
    is_problem(staff.get(f"/users/{uuid.uuid4()}"), 404, "unknown_user")


def test_staff_locks_and_unlocks(active: Person, staff: Client) -> None:
    refresh, path = active.log_in()["refresh_token"], f"/users/{active.id}"
    assert staff.create(f"{path}:lock", {"reason": "by phone"}).json["status"] == "locked"
    is_problem(active.try_password(PASSWORD), 423, "account_locked")
    is_problem(active.refresh(refresh), 401, "invalid_token")
    is_problem(active.client.get("/users/me"), 423, "account_locked")
    problem = is_problem(staff.create(f"{path}:disable", {}), 409, "invalid_transition")
    assert (problem["from"], problem["to"], problem["allowed"]) == ("locked", "disabled", ["active", "deleted"])
    assert staff.create(f"{path}:unlock", {}).json["status"] == "active"
    assert active.try_password(PASSWORD).status == 200
    assert staff.create(f"{path}:disable", {}).json["status"] == "disabled"
    is_problem(active.try_password(PASSWORD), 403, "account_disabled")
    assert staff.create(f"{path}:enable", {}).json["status"] == "active"


def test_deleted_account_is_gone(ann: Person, staff: Client, anybody: Client) -> None:
    created(ann.client.create("/users/me/addresses", HOME))
    assert ann.client.send("DELETE", "/users/me").status == 204
    is_problem(ann.client.get("/users/me"), 404, "unknown_user")
    is_problem(ann.client.send("DELETE", "/users/me"), 404, "unknown_user")
    is_problem(ann.try_password(PASSWORD), 401, "invalid_credentials")
    is_problem(staff.get(f"/users/{ann.id}"), 404, "unknown_user")
    assert staff.get("/users", email=ann.email).json["data"] == []
    created(anybody.create("/users", {"email": ann.email, "password": PASSWORD}))


def test_no_secret_is_in_a_log(platform: Platform | None, active: Person) -> None:
    """Passwords, tokens of every kind: neither in a line of a request nor beside an error."""
    if platform is None:
        pytest.skip("needs the logs")
    tokens = active.log_in()
    active.try_password("a wrong password")
    active.anybody.create("/users", {"email": active.email, "password": PASSWORD})
    active.anybody.send("POST", "/auth/token", raw=b'{"password": "half a bod')
    written = "".join(file.read_text() for file in platform.folder.glob("*.log"))
    assert written
    secrets = [PASSWORD, "a wrong password", "half a bod", tokens["access_token"], tokens["refresh_token"]]
    assert [secret for secret in secrets if secret in written] == []
