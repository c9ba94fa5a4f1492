"""P6 and P8: both checks find what they are there for."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monolith.payments.audit import audit
from monolith.payments.contract import UnknownProvider
from monolith.payments.models import PaymentAttempt, PaymentIntent, Reconciliation
from monolith.payments.services.reconciliations import reconciliation_create
from monolith.payments.tasks import reconcile_yesterday


@pytest.fixture
def books(till):
    """A payment of each kind at sandbox_a."""
    row = till.captured()
    till.refund(row, 100)
    till.cancel(till.authorize())
    till.authorize("tok_declined_lost_card")
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    return row


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE payments_intent SET amount_refunded = 99 WHERE id = %s", {"refunded", "refunds"}),
        ("UPDATE payments_intent SET status = 'processing' WHERE id = %s", {"status"}),
        ("UPDATE payments_event SET amount = 999 WHERE kind = 'captured' AND intent_id = %s", {"captured"}),
        ("DELETE FROM payments_event WHERE kind = 'captured' AND intent_id = %s", {"events"}),
        ("UPDATE payments_capture SET amount = 1 WHERE intent_id = %s", {"captures"}),
        ("UPDATE payments_refund SET status = 'pending' WHERE intent_id = %s", {"refunds", "pending refunds"}),
    ],
)
def test_what_was_changed_behind_it_is_found(books, statement, what):
    key = books.id.hex if connection.vendor == "sqlite" else books.id
    assert audit() == []
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT clean")
        cursor.execute(statement, [key])
        assert cursor.rowcount == 1
        found = audit()
        cursor.execute("ROLLBACK TO clean")
    assert {one.what for one in found} == what
    assert {one.payment for one in found} == {str(books.id)}


def compare(till, provider="sandbox_a"):
    with till.committed():
        row = reconciliation_create(provider=provider, day=timezone.now().date())
    row.refresh_from_db()
    return row


def test_books_that_agree_have_no_difference(till, books):
    row = compare(till)
    assert (row.compared, row.differences, row.error) == (6, [], "")


def test_each_kind_of_difference_is_found(till, books):
    operations = "SELECT key FROM operation WHERE kind = ?"
    run = till.first.ledger._run
    capture, void = (run(operations, kind).fetchone()["key"] for kind in ("capture", "void"))
    run("UPDATE operation SET amount = 1 WHERE key = ?", capture)
    run("UPDATE operation SET state = 'failed' WHERE key = ?", void)
    run("UPDATE operation SET key = 'nobody:1' WHERE kind = 'refund'")
    PaymentAttempt.objects.update(created_at=timezone.now().replace(hour=12))
    found = {(one["what"], one["key"]) for one in compare(till).differences}
    assert found == {
        ("amount", capture), ("state", void), ("unknown_here", "nobody:1"),
        ("unknown_there", PaymentAttempt.objects.get(operation="refund").key),
    }  # fmt: skip


def test_what_is_under_way_is_no_difference(till):
    till.authorize("tok_timeout_after")
    assert compare(till).differences == []
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert [one["what"] for one in compare(till).differences] == ["state"]
    till.poll()
    assert compare(till).differences == []


def test_provider_that_does_not_answer_is_asked_again(till):
    till.first.down = True
    row = compare(till)
    assert (row.error, row.finished_at is None) == ("no connection", False)
    for done in (2, 1):
        with till.committed():
            assert reconcile_yesterday() == done
    till.first.down = False
    for done in (1, 0):
        with till.committed():
            assert reconcile_yesterday() == done
    assert set(Reconciliation.objects.filter(error="").values_list("day", flat=True)) == {
        timezone.now().date() - timedelta(days=1)
    }


def test_unknown_provider_is_refused(till):
    with pytest.raises(UnknownProvider):
        reconciliation_create(provider="nobody", day=date(2026, 1, 1))
    assert not PaymentIntent.objects.filter(id=uuid.uuid4()).exists()
