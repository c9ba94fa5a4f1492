"""Logging in, what is counted, and refresh tokens that are good once."""

import time
from datetime import timedelta

import jwt
import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone

from monolith.users import passwords
from monolith.users.contract import AccountDisabled, AccountLocked, InvalidCredentials, InvalidToken, TokenReused
from monolith.users.models import Customer, RefreshToken
from monolith.users.services import accounts
from monolith.users.services.sessions import Device, session_close, session_open, session_refresh
from strangler.transport.subjects import token_claims
from tests.unit.users.conftest import PASSWORD
from tests.unit.users.told import forget_told, kinds, told

pytestmark = pytest.mark.django_db
PHONE = Device("Phone/1.0", "192.0.2.7")
STAFF = {"actor": "7"}


def log_in(email="ann@example.com", password=PASSWORD):
    return session_open(email=email, password=password, device=PHONE)


def refresh(token):
    return session_refresh(refresh_token=token, device=PHONE)


def fail(times=1):
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            log_in(password="wrong")


def let_the_lock_run_out():
    Customer.objects.update(locked_until=timezone.now())


def test_token_says_who_and_what_and_for_how_long(ann):
    tokens = log_in()
    claims = token_claims(f"Bearer {tokens.access_token}")
    assert claims["sub"] == str(ann.id)
    assert claims["roles"] == ["customer"]
    assert claims["scope"] == tokens.scope
    assert "users:own" in claims["scope"].split()
    assert claims["exp"] - claims["iat"] == tokens.expires_in == 900
    assert abs(claims["iat"] - time.time()) < 60
    assert jwt.get_unverified_header(tokens.access_token)["alg"] == "ES256"
    session = RefreshToken.objects.get()
    assert (claims["sid"], session.user_agent, session.ip) == (str(session.family), *PHONE)
    assert "staff" not in claims
    assert session.token_sha256 != tokens.refresh_token


def test_token_names_no_issuer_where_none_is_demanded(ann, settings):
    settings.STRANGLER = {**settings.STRANGLER, "SUBJECT_ISSUER": None, "SUBJECT_AUDIENCE": None}
    claims = token_claims(f"Bearer {log_in().access_token}")
    assert claims["sub"] == str(ann.id)
    assert not claims.keys() & {"iss", "aud"}


@pytest.mark.parametrize("email", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.com"])
def test_case_of_the_address_is_no_matter(ann, email):
    assert log_in(email).access_token


def test_pending_account_gets_tokens(pending):
    """Whoever has just made an account may look around."""
    assert log_in().access_token


def test_who_it_is_and_what_is_wrong_is_told_alike(ann):
    refusals = []
    for email, password in (("ann@example.com", "wrong"), ("nobody@example.com", PASSWORD)):
        with pytest.raises(InvalidCredentials) as refusal:
            log_in(email, password)
        refusals.append((str(refusal.value), refusal.value.context))
    assert refusals[0] == refusals[1]


class CountingHasher(MD5PasswordHasher):
    """A hasher that tells how often it has worked."""

    algorithm = "counted"
    worked = 0

    def encode(self, password, salt):
        type(self).worked += 1
        return super().encode(password, salt)


def test_unknown_address_costs_as_many_hashes_as_a_wrong_password(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    accounts.customer_register(email="bob@example.com", password_hash=passwords.hashed(PASSWORD))
    work = []
    for email in ("bob@example.com", "nobody@example.com"):
        before = CountingHasher.worked
        with pytest.raises(InvalidCredentials):
            log_in(email, "wrong")
        work.append(CountingHasher.worked - before)
    assert work == [1, 1]


def test_right_password_is_kept_better_when_that_is_possible(ann, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher", *settings.PASSWORD_HASHERS]
    log_in()
    ann.refresh_from_db()
    assert ann.password.startswith("counted$")
    log_in()


def test_fifth_wrong_password_locks(ann):
    forget_told()
    fail(5)
    ann.refresh_from_db()
    assert (ann.status, ann.failed_logins) == ("locked", 5)
    assert timedelta(seconds=55) < ann.locked_until - timezone.now() <= timedelta(seconds=60)
    ((kind, data),) = told()
    assert (kind, data["reason"], data["email"]) == ("locked", "failed_logins", "Ann@Example.com")
    with pytest.raises(AccountLocked) as refusal:
        log_in()
    assert refusal.value.context == {"until": ann.locked_until.isoformat()}
    step = ann.status_history.last()
    assert (step.from_status, step.to_status, step.reason) == ("active", "locked", "failed_logins")


def test_locked_account_counts_nothing(ann):
    fail(5)
    for _ in range(3):
        with pytest.raises(AccountLocked):
            log_in(password="wrong")
    ann.refresh_from_db()
    assert ann.failed_logins == 5


def test_next_wrong_password_after_a_lock_locks_for_twice_as_long(ann):
    fail(5)
    let_the_lock_run_out()
    fail()
    ann.refresh_from_db()
    assert (ann.status, ann.failed_logins) == ("locked", 6)
    assert ann.locked_until - timezone.now() > timedelta(seconds=115)
    assert kinds()[-3:] == ["locked", "unlocked", "locked"]


def test_right_password_after_a_lock_forgets_the_wrong_ones(ann):
    fail(5)
    let_the_lock_run_out()
    log_in()
    ann.refresh_from_db()
    assert (ann.status, ann.failed_logins, ann.locked_until) == ("active", 0, None)
    fail(4)
    log_in()


def test_pending_account_is_locked_for_a_while_and_stays_pending(pending):
    """Otherwise a lock would be a way around the proof of the address."""
    fail(5)
    pending.refresh_from_db()
    assert (pending.status, pending.failed_logins) == ("pending", 5)
    with pytest.raises(AccountLocked):
        log_in()
    let_the_lock_run_out()
    log_in()
    pending.refresh_from_db()
    assert (pending.status, pending.failed_logins) == ("pending", 0)


def test_staffs_lock_lasts(ann):
    accounts.customer_lock(customer_id=ann.id, reason="by phone", **STAFF)
    with pytest.raises(AccountLocked) as refusal:
        log_in()
    assert refusal.value.context == {"until": None}


def test_disabled_account_says_so_to_whom_it_belongs(ann):
    accounts.customer_disable(customer_id=ann.id, **STAFF)
    with pytest.raises(AccountDisabled):
        log_in()
    fail(9)
    ann.refresh_from_db()
    assert ann.failed_logins == 0


def test_deleted_account_is_unknown(ann):
    accounts.customer_delete(customer_id=ann.id, actor=str(ann.id))
    fail()


def test_refresh_token_is_good_once(ann):
    first = log_in()
    second = refresh(first.refresh_token)
    third = refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    sessions = {token_claims(f"Bearer {one.access_token}")["sid"] for one in (first, second, third)}
    assert len(sessions) == 1


def test_reuse_ends_the_session_and_no_other(ann):
    """The refusal is raised, and the revocation stays."""
    stolen, other = log_in(), log_in()
    fresh = refresh(stolen.refresh_token)
    with pytest.raises(TokenReused):
        refresh(stolen.refresh_token)
    with pytest.raises(InvalidToken):
        refresh(fresh.refresh_token)
    with pytest.raises(TokenReused):
        refresh(stolen.refresh_token)
    refresh(other.refresh_token)


def test_what_is_over_or_unknown_is_worth_nothing(ann):
    tokens = log_in()
    RefreshToken.objects.update(expires_at=timezone.now())
    for token in (tokens.refresh_token, "made-up", "\ud800", tokens.access_token):
        with pytest.raises(InvalidToken):
            refresh(token)


def test_logging_out_ends_the_session_and_may_be_repeated(ann):
    tokens = log_in()
    refreshed = refresh(tokens.refresh_token)
    for token in (refreshed.refresh_token, refreshed.refresh_token, "made-up"):
        session_close(refresh_token=token)
    with pytest.raises(InvalidToken):
        refresh(refreshed.refresh_token)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (accounts.customer_lock, "invalid_token"),
        (accounts.customer_disable, "invalid_token"),
        (accounts.customer_delete, "invalid_token"),
    ],
)
def test_steps_that_end_sessions(ann, step, code):
    tokens = log_in()
    step(customer_id=ann.id, **STAFF)
    with pytest.raises(InvalidToken) as refusal:
        refresh(tokens.refresh_token)
    assert refusal.value.code == code


def test_wrong_passwords_of_others_end_no_session(ann):
    """Otherwise anybody could throw anybody out."""
    tokens = log_in()
    fail(5)
    assert refresh(tokens.refresh_token)
