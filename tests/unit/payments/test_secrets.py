"""A token is in one column and nowhere else: not in logs, events, answers or any other row."""

import json
import logging
import uuid

import pytest
from django.db import connection

from monolith.payments.models import PaymentMethod

TOKEN = "tok_visa__never_seen_again"
FAILING = ("tok_timeout_after__never_seen_again", "tok_declined_lost_card__never_seen_again")
SECRET = "never_seen_again"
CARD = "4000056655665556"


def everything():
    """Every value of every row of every table of payments, but for the one column."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name.startswith("payments_")]
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                yield from (
                    (table, name, str(value))
                    for name, value in zip(names, row, strict=True)
                    if (table, name) != ("payments_payment_method", "token")
                )


@pytest.fixture
def words(caplog):
    """What was logged, from the most talkative level on."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join([caplog.text, *(str(record.__dict__) for record in caplog.records)])


def test_token_is_nowhere_but_in_its_column(till, words):
    row = till.captured(TOKEN)
    till.refund(row, 100)
    for token in FAILING:
        till.authorize(token)
    till.poll()
    assert PaymentMethod.objects.filter(token__endswith=SECRET).count() == 3
    assert [place for place in everything() if SECRET in place[2]] == []
    assert SECRET not in words()


def test_search_finds_what_is_there(till):
    """The test above would tell."""
    row = till.authorize(TOKEN)
    type(row).objects.filter(id=row.id).update(cancel_reason=TOKEN)
    assert [place[:2] for place in everything() if SECRET in place[2]] == [("payments_intent", "cancel_reason")]


def test_card_number_is_refused_and_kept_nowhere(till, words, staff):
    """Whatever field of whatever request it is sent in."""
    body = {"order_id": str(uuid.uuid4()), "customer": "ann", "amount": {"amount": 1, "currency": "USD"}}
    row = staff.post("/payment-intents", body).json()
    for path, sent in (
        ("/payment-intents", {**body, "order_id": str(uuid.uuid4()), "payment_method": CARD}),
        ("/payment-intents", {**body, "order_id": str(uuid.uuid4()), "payment_method": f"tok_{CARD}"}),
        (f"/payment-intents/{row['id']}:confirm", {"payment_method": CARD}),
        (f"/payment-intents/{row['id']}:confirm", {"payment_method": {"number": CARD}}),
        (f"/payment-intents/{row['id']}:confirm", {"number": CARD, "cvc": "123"}),
    ):
        answer = staff.post(path, sent)
        assert answer.status_code in (400, 422)
        assert CARD not in json.dumps(answer.json())
    assert [place for place in everything() if CARD in place[2]] == []
    assert CARD not in words()
