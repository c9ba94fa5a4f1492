"""Logging in and out over REST, and tokens that every home believes."""

from __future__ import annotations

from collections import Counter

import jwt

from tests.contracts.at_once import at_once
from tests.contracts.client import Client
from tests.contracts.expectations import is_problem
from tests.contracts.users.conftest import PASSWORD, Person, message
from tests.support.platform import Platform

NEW = "staple of another kind"


def test_tokens_are_for_nobody_to_keep(ann: Person) -> None:
    answer = ann.try_password(PASSWORD)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)


def test_token_verifies_by_the_published_keys_and_no_other_knowledge(ann: Person, anybody: Client) -> None:
    token = ann.log_in()["access_token"]
    answer = anybody.get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    key = jwt.PyJWKSet.from_dict(answer.json)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, algorithms=["ES256"], issuer="http://strangler.local", audience="strangler-platform"
    )
    assert (claims["sub"], claims["roles"]) == (ann.id, ["customer"])
    assert not {name for key in answer.json["keys"] for name in key} & {"d", "p", "q", "k"}


def test_both_kinds_of_token_count_at_every_door(ann: Person, platform: Platform | None, staff_token: str) -> None:
    doors = [ann.anybody.url] if platform is None else platform.doors.values()
    for door in doors:
        assert Client(door, ann.client.token, "/api/users").get("/users/me").json["id"] == ann.id
        assert Client(door, staff_token, "/api/users").get(f"/users/{ann.id}").status == 200


def test_customers_token_is_no_staffs(ann: Person, platform: Platform | None) -> None:
    """Neither here nor at another app's door."""
    is_problem(ann.client.get("/users"), 403, "permission_denied")
    elsewhere = ann.anybody.url if platform is None else platform.doors["monolith"]
    answer = Client(elsewhere, ann.client.token).get("/api/inventory/warehouses")
    is_problem(answer, 403, "permission_denied")


def test_wrong_passwords_are_counted_although_they_are_refused(active: Person, staff: Client) -> None:
    refusals = [active.try_password("wrong") for _ in range(6)]
    assert Counter(answer.status for answer in refusals) == {401: 5, 423: 1}
    for answer in refusals[:5]:
        assert is_problem(answer, 401, "invalid_credentials")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    locked = is_problem(active.try_password(PASSWORD), 423, "account_locked")
    shown = staff.get(f"/users/{active.id}").json
    assert (shown["status"], shown["failed_logins"]) == ("locked", 5)
    assert locked["until"][:19] == shown["locked_until"][:19]


def test_unknown_address_is_refused_in_the_same_words(ann: Person, anybody: Client) -> None:
    nobody = {"email": f"x{ann.email}", "password": PASSWORD}
    answers = [ann.try_password("wrong"), anybody.send("POST", "/auth/token", body=nobody)]
    told = [is_problem(answer, 401, "invalid_credentials") for answer in answers]
    assert told[0]["detail"] == told[1]["detail"]


def test_every_wrong_password_counts_when_many_come_at_once(active: Person, staff: Client) -> None:
    """As many as it takes are refused as wrong, the rest because the account is locked: no guess more."""
    outcomes = at_once(lambda _: active.try_password("wrong"))
    assert outcomes == {(401, "invalid_credentials"): 5, (423, "account_locked"): 3}
    assert staff.get(f"/users/{active.id}").json["failed_logins"] == 5


def test_refresh_token_used_by_many_at_once_is_good_once(ann: Person) -> None:
    refresh = ann.log_in()["refresh_token"]
    assert at_once(lambda _: ann.refresh(refresh)) == {(200, None): 1, (401, "token_reused"): 7}


def test_reuse_ends_the_session_although_it_is_refused(ann: Person) -> None:
    first = ann.log_in()
    second = ann.refresh(first["refresh_token"]).json
    is_problem(ann.refresh(first["refresh_token"]), 401, "token_reused")
    is_problem(ann.refresh(second["refresh_token"]), 401, "invalid_token")
    is_problem(ann.refresh("made-up"), 401, "invalid_token")


def test_logging_out_ends_the_session(ann: Person) -> None:
    refresh = ann.log_in()["refresh_token"]
    for _ in range(2):
        assert ann.anybody.send("POST", "/auth/logout", body={"refresh_token": refresh}).status == 204
    is_problem(ann.refresh(refresh), 401, "invalid_token")


def test_password_is_changed_by_who_knows_it(ann: Person) -> None:
    refresh = ann.log_in()["refresh_token"]
    body = {"current_password": PASSWORD, "new_password": NEW}
    wrong = ann.client.send("POST", "/users/me/password", body=body | {"current_password": NEW})
    is_problem(wrong, 401, "invalid_credentials")
    weak = ann.client.send("POST", "/users/me/password", body=body | {"new_password": "1234567890"})
    is_problem(weak, 422, "weak_password")
    assert ann.client.send("POST", "/users/me/password", body=body).status == 204
    is_problem(ann.refresh(refresh), 401, "invalid_token")
    is_problem(ann.try_password(PASSWORD), 401, "invalid_credentials")
    assert ann.try_password(NEW).status == 200


def test_forgotten_password_is_replaced_by_a_message(ann: Person, platform: Platform | None) -> None:
    """Nobody learns from any answer whether there is such an account, or such a token."""
    ask, confirm = "/auth/password-reset", "/auth/password-reset/confirm"
    answers = [ann.anybody.send("POST", ask, body={"email": email}) for email in (ann.email, f"x{ann.email}", "?")]
    token = message(platform, ann, "password_reset_requested")
    for good in (token, token, "made-up"):
        answers.append(ann.anybody.send("POST", confirm, body={"token": good, "password": NEW}))
    assert {(answer.status, answer.content) for answer in answers} == {(202, b'{"status":"accepted"}')}
    assert ann.try_password(NEW).status == 200
    is_problem(ann.try_password(PASSWORD), 401, "invalid_credentials")


def test_address_is_proven_by_a_message(ann: Person, platform: Platform | None) -> None:
    token = message(platform, ann, "verification_requested")
    for sent in ("made-up", token, token):
        assert ann.anybody.send("POST", "/auth/verify-email", body={"token": sent}).status == 202
    me = ann.client.get("/users/me").json
    assert (me["status"], me["email_verified"]) == ("active", True)
    for email in (ann.email, f"x{ann.email}"):
        assert ann.anybody.send("POST", "/auth/verify-email/send", body={"email": email}).status == 202
