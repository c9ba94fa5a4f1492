"""Many hands on one account, on real databases: everything counts, and what is good once is good once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from monolith.users import passwords
from monolith.users.contract import TooManyAddresses
from monolith.users.models import Address, Customer
from monolith.users.services import accounts, addresses, rows
from monolith.users.services.credentials import password_reset_confirm, password_reset_request
from monolith.users.services.sessions import Device, session_open, session_refresh
from tests.integration.inventory.crowd import at_once
from tests.integration.users.conftest import PASSWORD
from tests.unit.users.told import kinds, token_told

MANY = 8
ON_POSTGRESQL = pytest.mark.parametrize("homes", ["postgresql"], indirect=True)
HOME = {"line1": "1 Elm Road", "city": "Reno", "country": "US"}


def guess(_):
    """Log in with a wrong password, and say what came of it."""
    session_open(email="ann@example.com", password="wrong", device=Device())
    return "in"


def assert_all_count(outcomes):
    assert outcomes == {"invalid_credentials": 4}
    row = Customer.objects.get()
    assert (row.failed_logins, row.status) == (4, "active")


def test_every_wrong_password_counts(ann):
    assert_all_count(Counter(at_once(guess, 4)))


@ON_POSTGRESQL  # SQLite admits one writer at a time: there is no lock to take out
def test_without_the_lock_most_of_them_do_not(ann, monkeypatch):
    """The test above would tell: this is the login as it is, but that nobody waits for anybody."""
    everybody_has_looked = threading.Barrier(4)

    def look(found):
        row = found.first()
        everybody_has_looked.wait(30)
        return row

    monkeypatch.setattr(rows, "locked", look)
    with pytest.raises(AssertionError):
        assert_all_count(Counter(at_once(guess, 4)))


def test_no_more_guesses_than_it_takes_to_lock(ann):
    """The right password is among them: it helps whoever comes in time, and nobody who comes after the lock."""
    assert Counter(at_once(guess, MANY)) == {"invalid_credentials": 5, "account_locked": 3}
    assert Customer.objects.get().failed_logins == 5
    assert kinds().count("locked") == 1


@ON_POSTGRESQL
def test_one_of_many_gets_the_address(homes):
    def register(index):
        email = "bob@example.com" if index % 2 else "BOB@EXAMPLE.COM"
        accounts.customer_register(email=email, password_hash=passwords.UNUSABLE)
        return "made"

    assert Counter(at_once(register, MANY)) == {"made": 1, "email_taken": MANY - 1}
    assert kinds() == ["registered", "verification_requested"]


def test_refresh_token_is_good_once_and_its_family_is_revoked(ann):
    first = session_open(email="ann@example.com", password=PASSWORD, device=Device())
    given = []

    def refresh(_):
        given.append(session_refresh(refresh_token=first.refresh_token, device=Device()).refresh_token)
        return "refreshed"

    assert Counter(at_once(refresh, MANY)) == {"refreshed": 1, "token_reused": MANY - 1}
    (second,) = given
    assert at_once(lambda _: session_refresh(refresh_token=second, device=Device()), 1) == ["invalid_token"]


@ON_POSTGRESQL
def test_message_is_good_once(ann):
    password_reset_request(email="ann@example.com")
    token = token_told("password_reset_requested")

    def reset(index):
        password_reset_confirm(token=token, password=f"staple number {index}")
        return "accepted"

    assert at_once(reset, MANY) == ["accepted"] * MANY
    tries = [f"staple number {index}" for index in range(MANY)]
    kept = Customer.objects.get().password
    assert [passwords.check(one, kept).right for one in tries].count(True) == 1
    assert kinds().count("password_changed") == 1


@ON_POSTGRESQL
def test_address_book_has_one_default_and_is_never_overfull(ann):
    Address.objects.bulk_create(Address(customer=ann, **HOME) for _ in range(47))

    def add(_):
        addresses.address_create(customer_id=ann.id, content=HOME | {"is_default_shipping": True})
        return "added"

    assert Counter(at_once(add, MANY)) == {"added": 3, TooManyAddresses.code: MANY - 3}
    assert Address.objects.filter(is_default_shipping=True).count() == 1


@ON_POSTGRESQL
def test_whoever_logs_in_while_being_deleted_leaves_nothing(ann):
    """Either the login came first and its session is gone, or there was nobody any more."""

    def act(index):
        if index:
            session_open(email="ann@example.com", password=PASSWORD, device=Device())
            return "in"
        accounts.customer_delete(customer_id=ann.id, actor=str(ann.id))
        return "deleted"

    assert set(at_once(act, MANY)) <= {"deleted", "in", "invalid_credentials"}
    row = Customer.objects.get()
    assert (row.status, row.refresh_tokens.count(), row.last_login_at) == ("deleted", 0, None)
