"""The rules of accounts, by cases that were written down by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from monolith.users.contract import CustomerStatus as Status
from monolith.users.domain import TRANSITIONS, is_email, lock_after, refusal_of, scopes_of, status_at

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOON, JUST_NOW = NOW + timedelta(seconds=1), NOW


@pytest.mark.parametrize(
    "email",
    ["a@b.co", "Ann.O'Neil+shop@sub.example.com", "x_1@a-b.example", "a" * 64 + "@example.com"],
)
def test_addresses_that_people_have(email):
    assert is_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "", "a", "a@b", "@b.co", "a@", "a b@c.de", "a@b..co", ".a@b.co", "a.@b.co", "a..b@c.de", "a@-b.co", "a@b-.co",
        "a@b.c", "a@b.co\n", "é@b.co", "a@é.co", "\u017f@b.co", "a@b.co, c@d.ee", '"a b"@c.de', "a@[127.0.0.1]",
        "a" * 65 + "@example.com", "a@" + "b" * 64 + ".co", "a@" + "b.co" * 70,
    ],
)  # fmt: skip
def test_words_that_are_none(email):
    assert not is_email(email)


def test_steps_are_those_of_the_specification():
    """pending -> active <-> locked; active -> disabled -> active; any -> deleted, which is the end."""
    allowed = {(before.value, after.value) for before in Status for after in TRANSITIONS.after(before)}
    assert allowed == {
        ("pending", "active"), ("active", "locked"), ("locked", "active"), ("active", "disabled"),
        ("disabled", "active"), ("pending", "deleted"), ("active", "deleted"), ("locked", "deleted"),
        ("disabled", "deleted"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "until", "counts"),
    [
        ("active", None, "active"),
        ("locked", None, "locked"),
        ("locked", SOON, "locked"),
        ("locked", JUST_NOW, "active"),
        ("pending", None, "pending"),
        ("pending", SOON, "locked"),
        ("pending", JUST_NOW, "pending"),
        ("disabled", None, "disabled"),
    ],
)
def test_status_that_counts(status, until, counts):
    assert status_at(Status(status), until, NOW) == counts


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, None), (4, None), (5, 60), (6, 120), (7, 240), (10, 1920), (15, 61440), (16, 86400), (1_000_000, 86400)],
)
def test_lock_doubles_up_to_a_day(failures, seconds):
    assert lock_after(failures) == (None if seconds is None else timedelta(seconds=seconds))


def test_who_gets_no_tokens_and_why():
    assert refusal_of(Status.ACTIVE, None) is None
    assert refusal_of(Status.PENDING, None) is None
    assert refusal_of(Status.LOCKED, SOON).context == {"until": "2026-11-23T09:00:01+00:00"}
    assert refusal_of(Status.LOCKED, None).context == {"until": None}
    assert refusal_of(Status.DISABLED, None).code == "account_disabled"
    assert refusal_of(Status.DELETED, None).code == "invalid_credentials"


def test_customers_may_do_what_is_theirs_and_nothing_of_staffs():
    own = scopes_of(["customer"])
    assert {scope.partition(":")[2] for scope in own} == {"own"}
    assert {"users:own", "orders:own"} <= set(own)
    assert "users:read" in scopes_of(["customer", "support"])
    assert scopes_of(["unheard-of"]) == []
