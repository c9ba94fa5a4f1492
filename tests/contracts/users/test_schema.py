"""Every answer is as OpenAPI says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.client import Client
from tests.contracts.expectations import close, holds
from tests.contracts.moves import move
from tests.contracts.users.conftest import GIVEN_URL, HOME, PASSWORD, Person
from tests.support.platform import Platform

WITHOUT_A_KEY = {
    # They make nothing that a repeat would make twice, or what they answer is a secret that no table may keep.
    "create_token", "refresh_token", "log_out", "change_my_password", "request_password_reset",
    "confirm_password_reset", "verify_email", "request_verification",
}  # fmt: skip
OPEN = {
    "get_keys", "create_user", "create_token", "refresh_token", "log_out", "request_password_reset",
    "confirm_password_reset", "verify_email", "request_verification",
}  # fmt: skip


@pytest.fixture(scope="module", params=["monolith", "service"])
def users_url(request: pytest.FixtureRequest, platform: Platform | None) -> str:
    """Each home; what a schema says does not depend on a move."""
    if platform is None:
        return str(GIVEN_URL)
    move(platform, request.param)
    return platform.doors[request.param]


@pytest.fixture
def schema(anybody: Client) -> dict[str, Any]:
    """The schema that this home serves."""
    return dict(anybody.get("/openapi.json").json)


def test_answers_hold_the_schema(schema: dict[str, Any], staff: Client, active: Person) -> None:
    """Accounts, addresses, tokens, keys and problems; no member that the schema does not know."""
    close(schema)
    me, anybody = active.client, active.anybody
    holds(schema, active.made, "create_user")
    holds(schema, anybody.create("/users", {}), "create_user")
    holds(schema, active.try_password(PASSWORD), "create_token")
    holds(schema, active.try_password("wrong"), "create_token")
    holds(schema, active.refresh(active.tokens["refresh_token"]), "refresh_token")
    holds(schema, active.refresh("made-up"), "refresh_token")
    holds(schema, anybody.send("POST", "/auth/password-reset", body={"email": "x"}), "request_password_reset")
    holds(schema, anybody.send("POST", "/auth/verify-email", body={"token": "x"}), "verify_email")
    holds(schema, anybody.get("/.well-known/jwks.json"), "get_keys")
    shown = me.get("/users/me")
    holds(schema, shown, "get_me")
    holds(schema, me.change("PATCH", "/users/me", {"last_name": "Miller"}, tag=shown.etag), "change_me")
    address = me.create("/users/me/addresses", HOME)
    holds(schema, address, "create_my_address")
    path = f"/users/me/addresses/{address.json['id']}"
    holds(schema, me.get(path), "get_my_address")
    holds(schema, me.get("/users/me/addresses"), "list_my_addresses")
    holds(schema, me.change("PATCH", path, {"city": "Elko"}, tag=address.etag), "change_my_address")
    holds(schema, me.change("PATCH", path, {"city": "Elko"}, tag=address.etag), "change_my_address")
    holds(schema, staff.get("/users", email=active.email, include="count"), "list_users")
    holds(schema, staff.get(f"/users/{active.id}"), "get_user")
    holds(schema, staff.create(f"/users/{active.id}:lock", {}), "lock_user")
    holds(schema, active.try_password(PASSWORD), "create_token")
    holds(schema, staff.create(f"/users/{active.id}:disable", {}), "disable_user")
    holds(schema, staff.create(f"/users/{active.id}:unlock", {}), "unlock_user")
    holds(schema, staff.create(f"/users/{active.id}:enable", {}), "enable_user")


def test_every_operation_says_what_it_does(schema: dict[str, Any]) -> None:
    """The docs page shows the summaries; writes name their scope, and POSTs their key."""
    operations = {
        op["operationId"]: (method, op)
        for item in schema["paths"].values()
        for method, op in item.items()
        if "responses" in op
    }
    assert len(operations) == 24
    for name, (method, op) in operations.items():
        assert op["summary"].endswith("."), name
        scopes = [scope for one in op.get("security", []) for scope in one.get("bearer", [])]
        assert len(scopes) == (name not in OPEN), name
        if "/me" in str(op) and "_my_" in name:
            assert scopes == ["users:own"]
        keyed = "Idempotency-Key" in {parameter["name"] for parameter in op.get("parameters", [])}
        assert keyed == (method == "post" and name not in WITHOUT_A_KEY), name
