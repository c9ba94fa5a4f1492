"""Mail over a real socket: taken, refused, put off, cut; told once at most."""

import json
import uuid
from datetime import timedelta
from string import Template

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from monolith.notifications import smtp
from monolith.notifications.contract import InvalidTransition, TemplateNotFound, VariablesInvalid
from monolith.notifications.domain import TRIES_MAX, retry_after
from monolith.notifications.models import Delivery, Notification, Suppression
from monolith.notifications.services import deliveries, notifications
from monolith.notifications.templates import KINDS
from monolith.users.models import Customer
from monolith.users.services import accounts

pytestmark = pytest.mark.django_db(transaction=True)


def state(told):
    told.refresh_from_db()
    delivery = told.deliveries.get()
    return delivery.status, told.status, delivery.tries


def published():
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, payload FROM notifications_outbox ORDER BY created_at")
        return [(t.removeprefix("shop.notification.").removesuffix(".v1"), json.loads(p)) for t, p in cursor.fetchall()]


def test_mail_says_what_has_happened_and_is_sent_once(post, person, tell):
    ann = person()
    told = tell(ann, number="A-17")
    for _ in range(2):
        post.later()
    (mail,) = post.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == (
        "ann@example.com", "shop@example.com", "Your order A-17 is on its way",
    )  # fmt: skip
    assert mail.get_content().startswith("Hello Ann,\n\na carrier has your order A-17.")
    assert state(told) == ("sent", "completed", 1)
    assert mail["Message-ID"] == told.deliveries.get().provider_message_id
    ((kind, data),) = published()
    assert (kind, data) == (
        "sent", {"notification_id": str(told.id), "recipient": str(ann.id), "template": "order_shipped"}
    )  # fmt: skip


def test_same_key_is_accepted_once_for_each_recipient(post, person, tell):
    ann, bob = person(), person("bob")
    first, again, other = tell(ann, key="k"), tell(ann, key="k"), tell(bob, key="k")
    assert (first, first == other) == (again, False)
    post.run()
    assert len(post.mails) == 2


def test_server_that_is_busy_is_asked_again(post, person, tell):
    told = tell(person("busy"))
    post.run()
    assert state(told) == ("queued", "dispatched", 1)
    delivery = told.deliveries.get()
    assert delivery.error == "the mail server answered 450"
    assert timedelta(seconds=1) < delivery.due_at - timezone.now() <= timedelta(seconds=5)
    assert post.run() == 0
    post.later()
    assert state(told) == ("sent", "completed", 2)


def test_waits_grow_up_to_an_hour():
    assert [retry_after(n).total_seconds() for n in (1, 2, 3, 9, 10, 11, 99)] == [5, 10, 20, 1280, 2560, 3600, 3600]


def test_server_that_is_not_there_is_asked_a_number_of_times(post, person, tell, settings):
    settings.NOTIFICATIONS_SMTP = "smtp://127.0.0.1:9"
    told = tell(person())
    for _ in range(TRIES_MAX + 2):
        post.later()
    assert state(told) == ("failed", "failed", TRIES_MAX)
    assert [kind for kind, _ in published()] == ["failed"]


def test_hard_bounce_suppresses_the_address(post, person, tell):
    gone = person("Bounce")
    first = tell(gone)
    post.run()
    second = tell(gone)
    post.run()
    assert (state(first), state(second)) == (("bounced", "failed", 1), ("suppressed", "failed", 1))
    assert [(row.address, row.reason) for row in Suppression.objects.all()] == [("bounce@example.com", "hard_bounce")]
    assert [kind for kind, _ in published()] == ["bounced", "suppressed"]


def test_lifted_suppression_lets_mail_through(post, person, tell):
    ann = person()
    row = Suppression.objects.create(address="ann@example.com", reason="hard_bounce", recipient=ann.id)
    notifications.suppression_lift(suppression_id=row.id)
    told = tell(ann)
    post.run()
    assert state(told)[0] == "sent"


def test_message_that_is_refused_is_not_sent_again(post, person, tell):
    told = tell(person("refuse"))
    for _ in range(2):
        post.later()
    assert state(told) == ("failed", "failed", 1)
    assert (post.mails, Suppression.objects.count()) == ([], 0)


def test_message_without_an_answer_is_not_sent_again_by_itself(post, person, tell):
    """It has arrived, and the server was cut off before it could say so."""
    told = tell(person("cut"))
    for _ in range(3):
        post.later()
    assert state(told) == ("unknown", "failed", 1)
    assert len(post.mails) == 1
    notifications.notification_resend(notification_id=told.id)
    post.later()
    assert len(post.mails) == 2


def test_sender_that_died_before_the_message_is_replaced(post, person, tell, monkeypatch):
    told = tell(person())
    monkeypatch.setattr(smtp, "hand_over", died)
    with pytest.raises(Died):
        post.run()
    monkeypatch.undo()
    assert (state(told)[0], post.run()) == ("sending", 0)
    post.later()
    assert state(told) == ("sent", "completed", 2)


def test_sender_that_died_with_the_message_is_not_replaced(post, person, tell, monkeypatch):
    """Nobody knows whether it has arrived."""
    told, real = tell(person()), smtp.hand_over

    def sent_and_died(message, *, before_data):
        real(message, before_data=before_data)
        raise Died

    monkeypatch.setattr(smtp, "hand_over", sent_and_died)
    with pytest.raises(Died):
        post.run()
    monkeypatch.undo()
    for _ in range(2):
        post.later()
    assert state(told)[:2] == ("unknown", "failed")
    assert len(post.mails) == 1


def test_sender_that_wakes_up_late_sends_nothing(post, person, tell, monkeypatch):
    """Another one has sent it meanwhile."""
    told, real = tell(person()), smtp.hand_over

    def slept(message, *, before_data):
        monkeypatch.setattr(smtp, "hand_over", real)
        post.later()
        real(message, before_data=before_data)

    monkeypatch.setattr(smtp, "hand_over", slept)
    post.run()
    assert (state(told), len(post.mails)) == (("sent", "completed", 2), 1)


def test_what_is_too_late_is_never_sent(post, person, tell):
    told = tell(person(), until=timezone.now())
    post.run()
    assert (state(told)[:2], post.mails) == (("failed", "expired"), [])


def test_marketing_is_for_those_who_want_it_and_the_rest_for_everybody(post, person, tell):
    ann, bob = person(), person("bob")
    notifications.preference_set(recipient=ann.id, marketing=True)
    sent, skipped, order = (
        tell(who, "announcement", headline="Sale", text="All must go") if order is None else tell(who, number=order)
        for who, order in ((ann, None), (bob, None), (bob, "B-1"))
    )
    post.run()
    assert [state(one)[:2] for one in (sent, skipped, order)] == [
        ("sent", "completed"), ("skipped_preference", "cancelled"), ("sent", "completed"),
    ]  # fmt: skip
    notifications.preference_set(recipient=ann.id, marketing=False)
    again = tell(ann, "announcement", headline="Sale", text="All must go")
    post.run()
    assert state(again)[0] == "skipped_preference"


def test_nobody_is_written_to_who_is_not_there(post, person, tell):
    off, gone = person(), person("bob")
    Customer.objects.filter(id=off.id).update(status="disabled")
    accounts.customer_delete(customer_id=gone.id, actor="7")
    told = [tell(one) for one in (off, gone, uuid.uuid4())]
    post.run()
    assert [(state(one)[0], one.deliveries.get().error) for one in told] == [
        ("failed", "the account is disabled"),
        ("failed", "there is no such account"),
        ("failed", "there is no such account"),
    ]


@pytest.mark.parametrize(
    ("data", "missing", "unknown"),
    [({}, ["number"], []), ({"number": "1", "colour": "red"}, [], ["colour"]), ({"number": "1" * 501}, [], [])],
)
def test_variables_are_checked_before_anything_is_accepted(db, data, missing, unknown):
    with pytest.raises(VariablesInvalid) as refusal:
        notifications.notification_accept(recipient=uuid.uuid4(), dedupe_key="k", template="order_shipped", data=data)
    assert (refusal.value.context["missing"], refusal.value.context["unknown"]) == (missing, unknown)
    assert not Notification.objects.exists()


def test_template_that_is_not_there_is_refused(db):
    with pytest.raises(TemplateNotFound):
        notifications.notification_accept(recipient=uuid.uuid4(), dedupe_key="k", template="nonsense", data={})


def test_variables_cannot_add_fields_to_a_mail(post, person, tell):
    notifications.preference_set(recipient=(ann := person()).id, marketing=True)
    tell(ann, "announcement", headline="Sale\r\nBcc: eve@example.com", text="$name ${name}")
    post.run()
    (mail,) = post.mails
    assert (mail["Subject"], mail["Bcc"]) == ("Sale Bcc: eve@example.com", None)
    assert "$name ${name}" in mail.get_content()


def test_every_template_uses_the_variables_that_it_declares():
    for name, kind in KINDS.items():
        used = {*Template(kind.subject).get_identifiers(), *Template(kind.body).get_identifiers()}
        assert used - {"name", "secret"} == kind.variables, name
        assert ("secret" in used) == kind.secret, name


def test_what_waits_can_be_cancelled_and_what_was_sent_cannot(post, person, tell):
    ann = person()
    first, second = tell(ann), tell(ann)
    for _ in range(2):
        notifications.notification_cancel(notification_id=first.id)
    post.run()
    assert ([state(one)[1] for one in (first, second)], len(post.mails)) == (["cancelled", "completed"], 1)
    for act in (notifications.notification_cancel, notifications.notification_resend):
        with pytest.raises(InvalidTransition):
            act(notification_id=second.id)


def test_database_itself_refuses_a_second_delivery(post, person, tell):
    told = tell(person())
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(notification=told)


class Died(BaseException):
    """The process ends here."""


def died(message, *, before_data):
    raise Died


def test_message_id_is_the_deliverys(settings):
    settings.NOTIFICATIONS_FROM = "shop@shop.example"
    assert deliveries.message_id(uuid.UUID(int=1)).endswith("-000000000001@shop.example>")
