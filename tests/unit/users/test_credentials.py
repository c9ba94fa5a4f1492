"""Passwords that are changed or forgotten, and addresses that are proven, by tokens that are good once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monolith.users.contract import AccountLocked, InvalidCredentials, InvalidToken, UnknownRequest, WeakPassword
from monolith.users.local import implementation as users_here
from monolith.users.models import Customer, OneTimeToken
from monolith.users.passwords import check_strength
from monolith.users.services import accounts
from monolith.users.services.credentials import (
    password_change,
    password_reset_confirm,
    password_reset_request,
    verification_confirm,
    verification_request,
)
from monolith.users.services.sessions import Device, session_open, session_refresh
from tests.unit.users.conftest import PASSWORD
from tests.unit.users.told import everything_kept, forget_told, kinds, token_told, told

pytestmark = pytest.mark.django_db
NEW = "staple of another kind"


def log_in(password):
    return session_open(email="ann@example.com", password=password, device=Device())


def let_a_minute_pass():
    OneTimeToken.objects.update(created_at=timezone.now() - timedelta(seconds=61))


def ask():
    """Ask for a new password, and return the token of the message."""
    password_reset_request(email="ANN@example.com")
    return token_told("password_reset_requested")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "too short"),
        ("password123", "too common"),
        ("90817263549", "entirely numeric"),
        ("annmiller@shop.example", "too similar"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password, said):
    with pytest.raises(WeakPassword) as refusal:
        check_strength(password, Customer(email="annmiller@shop.example", first_name="Ann", last_name="Miller"))
    assert any(said in reason for reason in refusal.value.context["reasons"])


def test_strong_password_passes():
    check_strength(PASSWORD, Customer(email="ann@example.com", first_name="Ann", last_name="Miller"))


def test_verification_makes_a_pending_account_active(pending):
    assert kinds() == ["registered", "verification_requested"]
    token = token_told("verification_requested")
    forget_told()
    for _ in range(2):
        verification_confirm(token=token)
    pending.refresh_from_db()
    assert pending.status == "active"
    assert pending.email_verified_at
    assert told() == [("email_verified", {"user_id": str(pending.id), "email": "Ann@Example.com"})]


def test_kept_token_is_not_the_one_that_was_sent(pending):
    kept = OneTimeToken.objects.get()
    assert kept.token_sha256 != token_told("verification_requested")
    verification_confirm(token=kept.token_sha256)
    pending.refresh_from_db()
    assert pending.status == "pending"


def test_secret_is_told_as_long_as_it_is_good_for_something(pending):
    """The same each time, and only to who has the request's id; no table and no event ever has it."""
    kept = OneTimeToken.objects.get()
    secret = users_here.secret(request_id=kept.id)
    assert (secret.email, secret.purpose, secret.expires_at) == (pending.email, "verify_email", kept.expires_at)
    assert users_here.secret(request_id=kept.id).text == secret.text
    assert secret.text not in repr(secret)
    assert secret.text not in everything_kept()
    verification_confirm(token=secret.text)
    for nothing in (kept.id, pending.id):
        with pytest.raises(UnknownRequest):
            users_here.secret(request_id=nothing)


def test_secret_that_is_over_is_not_told(pending):
    OneTimeToken.objects.update(expires_at=timezone.now())
    with pytest.raises(UnknownRequest):
        users_here.secret(request_id=OneTimeToken.objects.get().id)


def test_secret_of_another_key_is_not_told(pending, settings):
    """Nobody is sent what would not be taken."""
    settings.SECRET_KEY = "another-" + "x" * 40
    with pytest.raises(UnknownRequest):
        users_here.secret(request_id=OneTimeToken.objects.get().id)


def test_token_is_good_for_its_purpose_alone(pending):
    verification = token_told("verification_requested")
    password_reset_confirm(token=verification, password=NEW)
    log_in(PASSWORD)
    verification_confirm(token=ask())
    pending.refresh_from_db()
    assert pending.status == "pending"


def test_token_ends(ann):
    token = ask()
    assert OneTimeToken.objects.get().expires_at - timezone.now() <= timedelta(hours=1)
    OneTimeToken.objects.update(expires_at=timezone.now())
    password_reset_confirm(token=token, password=NEW)
    log_in(PASSWORD)


def test_next_token_makes_the_one_before_worthless(ann):
    first = ask()
    let_a_minute_pass()
    second = ask()
    password_reset_confirm(token=first, password=NEW)
    log_in(PASSWORD)
    password_reset_confirm(token=second, password=NEW)
    log_in(NEW)


def test_one_message_a_minute(ann):
    forget_told()
    for _ in range(3):
        ask()
    assert kinds() == ["password_reset_requested"]
    let_a_minute_pass()
    ask()
    assert kinds() == ["password_reset_requested"] * 2


def test_nobody_is_written_to_who_should_not_be(ann):
    forget_told()
    password_reset_request(email="nobody@example.com")
    verification_request(email="nobody@example.com")
    verification_request(email="ann@example.com")  # has shown it
    accounts.customer_disable(customer_id=ann.id, actor="7")
    password_reset_request(email="ann@example.com")
    assert kinds() == []


def test_another_verification_can_be_asked_for(pending):
    first = token_told("verification_requested")
    let_a_minute_pass()
    verification_request(email="ann@EXAMPLE.com")
    verification_confirm(token=first)
    pending.refresh_from_db()
    assert pending.status == "pending"
    verification_confirm(token=token_told("verification_requested"))
    pending.refresh_from_db()
    assert pending.status == "active"


def test_reset_replaces_the_password_once_and_ends_sessions(ann):
    tokens, token = log_in(PASSWORD), ask()
    forget_told()
    password_reset_confirm(token=token, password=NEW)
    password_reset_confirm(token=token, password="a third one, by a thief")
    log_in(NEW)
    with pytest.raises(InvalidCredentials):
        log_in(PASSWORD)
    with pytest.raises(InvalidToken):
        session_refresh(refresh_token=tokens.refresh_token, device=Device())
    assert kinds() == ["password_changed"]


def test_weak_password_leaves_the_token_good(ann):
    token = ask()
    with pytest.raises(WeakPassword):
        password_reset_confirm(token=token, password="password123")
    password_reset_confirm(token=token, password=NEW)
    log_in(NEW)


def test_reset_takes_off_the_lock_of_wrong_passwords_and_not_that_of_staff(ann):
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            log_in("wrong")
    password_reset_confirm(token=ask(), password=NEW)
    log_in(NEW)
    accounts.customer_lock(customer_id=ann.id, actor="7")
    password_reset_confirm(token=ask(), password=PASSWORD)
    with pytest.raises(AccountLocked):
        log_in(PASSWORD)


def test_reset_proves_the_address_as_well(pending):
    password_reset_confirm(token=ask(), password=NEW)
    pending.refresh_from_db()
    assert (pending.status, pending.email_verified_at is None) == ("active", False)


def test_change_asks_for_the_password_and_ends_sessions(ann):
    tokens = log_in(PASSWORD)
    password_change(customer_id=ann.id, current=PASSWORD, new=NEW)
    log_in(NEW)
    with pytest.raises(InvalidToken):
        session_refresh(refresh_token=tokens.refresh_token, device=Device())


def test_wrong_password_of_a_change_is_counted_as_in_a_login(ann):
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            password_change(customer_id=ann.id, current="wrong", new=NEW)
    with pytest.raises(AccountLocked):
        password_change(customer_id=ann.id, current=PASSWORD, new=NEW)
    ann.refresh_from_db()
    assert (ann.status, ann.failed_logins) == ("locked", 5)


def test_new_password_must_be_strong(ann):
    with pytest.raises(WeakPassword):
        password_change(customer_id=ann.id, current=PASSWORD, new="ann@example.com")
    log_in(PASSWORD)
