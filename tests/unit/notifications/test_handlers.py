"""What the events of others have for an effect, and what is nowhere to be found afterwards."""

import logging
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.notifications import handlers
from monolith.notifications.models import KnownOrder, Notification, Preference, Suppression
from monolith.notifications.services import notifications
from monolith.orders.contract import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderShipped,
    RejectReason,
)
from monolith.payments.contract import PaymentActionRequired
from monolith.shipping.contract import ShipmentException, ShipmentOutForDelivery
from monolith.users.contract import (
    PasswordChanged,
    PasswordResetRequested,
    UserDeleted,
    UserLocked,
    VerificationRequested,
)
from monolith.users.models import OneTimeToken
from monolith.users.services.credentials import password_reset_request, verification_confirm
from strangler.events import Received
from tests.unit.users.told import everything_kept, told

pytestmark = pytest.mark.django_db(transaction=True)
USD = Money(1999, "USD")


def hear(data, event_id=None):
    """Have one event its effect, as the inbox does."""
    event = Received(event_id or uuid.uuid4().hex, "t", "a", 1, timezone.now(), data)
    (handler,) = (kind() for kind in vars(handlers).values() if type(data) in _types(kind))
    handler.apply(event, handler.gather(event))


def _types(kind):
    declared = getattr(kind, "types", None)
    return {one.payload for one in declared.values()} if isinstance(kind, type) and declared else set()


def ordered(ann, kind, **more):
    return kind(order_id=uuid.uuid4(), number="A-1", customer_id=ann.id, **more)


def test_customers_are_told_how_their_orders_get_on(post, person):
    ann = person()
    events = [
        ordered(ann, OrderConfirmed, lines=(), total=USD),
        ordered(ann, OrderRejected, reason=RejectReason.RISK_DECLINED),
        ordered(ann, OrderCancelled, reason="x"),
        ordered(ann, OrderShipped, shipment_id=uuid.uuid4()),
        ordered(ann, OrderDelivered),
        ordered(ann, OrderRefunded, amount=USD, refunded=USD),
    ]
    for event in events:
        hear(event)
    post.run()
    assert sorted(post.subjects) == sorted(
        [
            "Your order A-1",
            "Your order A-1 did not work out",
            "Your order A-1 was cancelled",
            "Your order A-1 is on its way",
            "Your order A-1 has arrived",
            "Money back for A-1",
        ]
    )
    said = "".join(mail.get_content() for mail in post.mails)
    assert "over 19.99 USD" in said
    assert "we cannot accept it" in said


def test_every_reason_for_a_rejection_has_words(person):
    assert set(handlers._REASONS) == set(RejectReason)


def test_event_that_comes_twice_is_told_once(post, person):
    event = ordered(person(), OrderDelivered)
    for _ in range(2):
        hear(event, "one")
    post.run()
    assert len(post.mails) == 1


def test_whose_an_order_is_was_told_when_it_was_placed(post, person):
    order = uuid.uuid4()
    shipment = {"shipment_id": uuid.uuid4(), "order_id": order, "at": timezone.now()}
    late = ShipmentException(**shipment, status="exception", description="flat tyre")
    with pytest.raises(handlers.OrderNotKnown):
        hear(late)
    hear(OrderPlaced(order_id=order, number="A-9", customer_id=person().id, lines=(), total=USD))
    hear(late)
    hear(ShipmentOutForDelivery(**shipment))
    hear(PaymentActionRequired(payment_id=uuid.uuid4(), order_id=order, attempt=1, action_url="https://bank.example/x"))
    post.run()
    assert sorted(post.subjects) == [
        "Your order A-9 arrives today", "Your order A-9 is delayed", "Your order A-9 waits for you",
    ]  # fmt: skip


def asked(kind, name):
    (data,) = [data for what, data in told() if what == name][-1:]
    return kind(**data | {"user_id": uuid.UUID(data["user_id"]), "request_id": uuid.UUID(data["request_id"]),
                          "expires_at": timezone.now() + timedelta(hours=1)})  # fmt: skip


def test_secrets_arrive_and_are_nowhere_else(post, person, caplog):
    """No outbox, inbox, table or log has one; the mail does, and it is good."""
    caplog.set_level(logging.DEBUG)
    ann = person()
    password_reset_request(email=ann.email)
    hear(asked(VerificationRequested, "verification_requested"))
    hear(asked(PasswordResetRequested, "password_reset_requested"))
    post.run()
    secrets = [
        line.strip() for mail in post.mails for line in mail.get_content().splitlines() if line.startswith("    ")
    ]
    assert len(secrets) == 2
    kept = everything_kept() + caplog.text
    assert [one for one in secrets if one in kept] == []
    assert OneTimeToken.objects.get(purpose="verify_email").id.hex in kept.replace("-", ""), "it can be found at all"
    verification_confirm(token=secrets[0])
    ann.refresh_from_db()
    assert ann.status == "active"


def test_request_that_was_used_is_not_written_about(post, person):
    person()
    event = asked(VerificationRequested, "verification_requested")
    hear(event)
    OneTimeToken.objects.all().delete()
    post.run()
    assert post.mails == []
    assert Notification.objects.get().deliveries.get().error == "the request is not known"


def test_owner_is_told_what_was_done_to_the_account(post, person):
    ann = person()
    who = {"user_id": ann.id, "email": ann.email, "name": "Ann"}
    hear(PasswordChanged(**who))
    hear(UserLocked(**who, until=None, reason="failed_logins"))
    hear(UserLocked(**who, until=None, reason="a note of our staff's own"))
    post.run()
    assert sorted(post.subjects) == ["Your account is locked", "Your account is locked", "Your password was changed"]
    assert "staff's own" not in "".join(mail.get_content() for mail in post.mails)


def test_nothing_is_left_of_who_was_deleted(post, person, tell):
    ann, bob = person(), person("bob")
    for one in (ann, bob):
        tell(one, number="secret-number")
        notifications.preference_set(recipient=one.id, marketing=True)
        Suppression.objects.create(address=one.email, reason="hard_bounce", recipient=one.id)
        hear(ordered(one, OrderPlaced, lines=(), total=USD))
    hear(UserDeleted(user_id=ann.id))
    assert {row.recipient for kind in (Preference, Suppression, KnownOrder) for row in kind.objects.all()} == {bob.id}
    assert {row.recipient: row.data for row in Notification.objects.all()} == {
        ann.id: {}, bob.id: {"number": "secret-number"},
    }  # fmt: skip
    Suppression.objects.all().delete()
    post.run()
    assert [mail["To"] for mail in post.mails] == ["bob@example.com"]
