"""The admin: staff's steps and roles, over the same services as REST, as long as the rows are there."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from tests.contracts.expectations import is_problem
from tests.contracts.moves import move
from tests.contracts.users.conftest import GIVEN_URL, PASSWORD, Person, message
from tests.integration.catalog.test_admin import BOSS, Browser
from tests.support.platform import Platform

pytestmark = pytest.mark.skipif(GIVEN_URL is not None, reason="needs a platform of its own")
LIST = "/admin/users/customer/"
NO_FORMS = {
    f"{inline}-{count}_FORMS": "0" for inline in ("addresses", "status_history") for count in ("TOTAL", "INITIAL")
}


def roles_in(token: str) -> list[str]:
    """Return what an access token says."""
    payload = token.split(".")[1]
    return list(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["roles"])


def test_staff_takes_steps_and_says_roles_in_the_admin(platform: Platform) -> None:
    move(platform, "monolith")
    done = platform.manage("createsuperuser", "--noinput", **BOSS)
    assert done.returncode == 0, done.stderr
    door = platform.doors["monolith"]
    boss, ann = Browser(door), Person(door)
    token = message(platform, ann, "verification_requested")
    ann.anybody.send("POST", "/auth/verify-email", body={"token": token})
    assert ann.email in boss.get(f"{LIST}?q={ann.email}")

    def take(action: str) -> str:
        return boss.post(LIST, action=action, _selected_action=ann.id)[1]

    assert "1 done." in take("lock")
    is_problem(ann.try_password(PASSWORD), 423, "account_locked")
    assert "A locked account cannot become disabled." in take("disable")
    assert "1 done." in take("unlock")
    one = f"{LIST}{ann.id}/change/"
    page = boss.get(one)
    assert PASSWORD not in page
    assert "argon2" not in page
    assert boss.post(one, roles=["customer", "support"], **NO_FORMS)[0] == 200
    assert roles_in(ann.log_in()["access_token"]) == ["customer", "support"]
    move(platform, "service")
    assert "Change them there." in boss.get(LIST)
    assert boss.post(LIST, action="lock", _selected_action=ann.id)[0] in (200, 403)
    assert ann.try_password(PASSWORD).status == 200
