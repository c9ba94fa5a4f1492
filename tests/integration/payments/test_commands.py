"""What people start: the admin, the audit, the comparison of books; in hosts as they run."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import move
from tests.integration.catalog.test_admin import BOSS, Browser
from tests.support.fixtures import *  # noqa: F403
from tests.support.fixtures import StartPlatform
from tests.support.platform import Platform

pytestmark = pytest.mark.platform
NOBODY = "http://127.0.0.1:9"
PAGES = ("paymentintent", "paymentattempt", "webhookevent", "dispute", "reconciliation")


@pytest.fixture(scope="module")
def platform(start_platform: StartPlatform):
    """Both homes; no provider can be reached."""
    where = {"PAYMENTS_SANDBOX_URL": NOBODY}
    with start_platform("sqlite", products=0, services=("payments",), **where) as started:
        yield started


@pytest.fixture
def row(platform: Platform):
    """A payment that no provider could be reached for."""
    move(platform, "monolith")
    staff = Client(platform.doors["monolith"], platform.token, "/api/payments")
    body = {"order_id": str(uuid.uuid4()), "customer": "ann", "amount": {"amount": 5, "currency": "USD"}}
    made = staff.create("/payment-intents", body).json
    answer = staff.create(f"/payment-intents/{made['id']}:confirm", {"payment_method": "tok_visa__in_no_page"})
    assert (answer.status, answer.json["code"]) == (503, "provider_unavailable")
    return made


def test_admin_shows_and_gives_up_and_is_read_only_when_moved(platform: Platform, row):
    """Every page opens and none shows a token; what the fence would refuse is not offered."""
    done = platform.manage("createsuperuser", "--no-input", **BOSS)
    assert done.returncode == 0, done.stderr
    boss = Browser(platform.doors["monolith"])
    one = f"/admin/payments/paymentintent/{row['id']}/change/"
    for path in (*(f"/admin/payments/{name}/" for name in PAGES), one):
        page = boss.get(path)
        assert "</html>" in page
        assert "in_no_page" not in page
        assert 'name="_save"' not in page
    _, page = boss.post("/admin/payments/paymentintent/", action="cancel", _selected_action=row["id"])
    assert "1 done." in page
    move(platform, "service")
    page = boss.get("/admin/payments/paymentintent/")
    assert "The service owns these rows" in page
    assert "Give up" not in page


def test_audit_finds_what_was_changed_behind_it(platform: Platform, row):
    """It says what, and ends with 1."""
    done = platform.manage("verify_payments")
    assert (done.returncode, done.stdout) == (0, "The books are in order.\n"), done.stderr
    with closing(sqlite3.connect(platform.homes["monolith"])) as books:
        which = "WHERE intent_id = ? AND sequence = 2"
        (key,) = (uuid.UUID(row["id"]).hex,)
        assert books.execute(f"UPDATE payments_event SET kind = 'canceled' {which}", [key]).rowcount == 1
        books.commit()
        done = platform.manage("verify_payments", "--json")
        books.execute(f"UPDATE payments_event SET kind = 'confirmed' {which}", [key])
        books.commit()
    assert done.returncode == 1
    assert {one["payment"] for one in json.loads(done.stdout)["differences"]} == {row["id"]}


def test_books_that_could_not_be_compared_are_told(platform: Platform, row):
    """No provider answers: that is no "no difference"."""
    done = platform.manage("reconcile_payments", "sandbox_a")
    assert done.returncode == 1
    assert "not compared" in done.stdout, done.stderr
    done = platform.manage("reconcile_payments", "nobody")
    assert "There is no provider 'nobody' here." in done.stderr
