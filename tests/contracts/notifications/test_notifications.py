"""Mail from end to end: an event in one app, a message on a socket."""

from __future__ import annotations

import uuid

from tests.contracts.at_once import at_once
from tests.contracts.client import Client
from tests.contracts.expectations import close, holds, is_problem
from tests.contracts.notifications.conftest import told
from tests.contracts.users.conftest import Person
from tests.support.mails import Mails
from tests.support.platform import Platform
from tests.support.processes import eventually

PROOF = "Is this your e-mail address?"


def test_new_account_is_proven_by_the_mail_that_arrives(ann: Person, mailbox: Mails, platform: Platform) -> None:
    """The secret is in the mail, it is good, and no log of any host has it."""
    mail = mailbox.wait(ann.email, PROOF)
    (secret,) = [line.strip() for line in mail.get_content().splitlines() if line.startswith("    ")]
    assert ann.anybody.send("POST", "/auth/verify-email", body={"token": secret}).status == 202
    assert ann.client.get("/users/me").json["email_verified"] is True
    assert secret not in platform.logs()


def test_same_key_is_sent_once_whoever_asks(staff: Client, ann: Person, mailbox: Mails) -> None:
    """Eight at once."""
    assert at_once(lambda _: staff.create("/notifications", told(ann))) == {(202, None): 8}
    mail = mailbox.wait(ann.email, "Your order A-1 is on its way")
    (row,) = eventually(
        lambda: staff.get("/notifications", recipient=ann.id, template="order_shipped", status="completed").json[
            "data"
        ],
        what="it is known to be sent",
    )
    assert [one["provider_message_id"] for one in row["deliveries"]] == [mail["Message-ID"]]
    mailbox.wait(ann.email, PROOF)
    assert len(mailbox.to(ann.email)) == 2


def test_marketing_needs_a_yes(staff: Client, ann: Person, mailbox: Mails) -> None:
    news = {"template": "announcement", "data": {"headline": "Sale", "text": "All must go"}}
    first = staff.create("/notifications", told(ann, dedupe_key="a", **news)).json
    eventually(lambda: staff.get(f"/notifications/{first['id']}").json["status"] == "cancelled", what="it is left out")
    assert staff.send("PUT", f"/preferences/{ann.id}", body={"marketing": True}).json == {"marketing": True}
    staff.create("/notifications", told(ann, dedupe_key="b", **news))
    mailbox.wait(ann.email, "Sale")


def test_answers_hold_the_schema(anybody: Client, staff: Client, ann: Person) -> None:
    """No member that the schema does not know; every operation says what it does."""
    schema = dict(anybody.get("/openapi.json").json)
    close(schema)
    made = staff.create("/notifications", told(ann))
    holds(schema, made, "create_notification")
    holds(schema, staff.create("/notifications", {}), "create_notification")
    holds(schema, staff.create("/notifications", told(ann, template="x")), "create_notification")
    holds(schema, staff.get("/notifications", include="count"), "list_notifications")
    holds(schema, staff.get(f"/notifications/{made.json['id']}"), "get_notification")
    holds(schema, staff.create(f"/notifications/{uuid.uuid4()}:cancel", {}), "cancel_notification")
    holds(schema, staff.create(f"/notifications/{uuid.uuid4()}:resend", {}), "resend_notification")
    holds(schema, staff.get("/templates"), "list_templates")
    holds(schema, staff.get(f"/preferences/{ann.id}"), "get_preference")
    holds(schema, staff.get("/suppressions"), "list_suppressions")
    holds(schema, staff.send("DELETE", f"/suppressions/{uuid.uuid4()}"), "lift_suppression")
    operations = [op for item in schema["paths"].values() for op in item.values() if "responses" in op]
    assert len(operations) == 10
    assert all(op["summary"].endswith(".") for op in operations)
    is_problem(anybody.get("/notifications"), 401, "not_authenticated")
