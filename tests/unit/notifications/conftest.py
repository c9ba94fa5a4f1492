"""A mail server on a real socket, and people whom the users know."""

import email
import email.policy
import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from monolith.notifications.models import Delivery
from monolith.notifications.sandbox.server import MailServer
from monolith.notifications.services import notifications
from monolith.notifications.tasks import send
from monolith.users import passwords
from monolith.users.services import accounts
from strangler.fence import after_migrate


class Post:
    """Mail that arrived, and what is still to be sent."""

    def __init__(self, server):
        self.server = server

    @property
    def mails(self):
        """Every message that the server has taken, in its order."""
        files = sorted(self.server.folder.glob("*.eml"))
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    @property
    def subjects(self):
        return [mail["Subject"] for mail in self.mails]

    def run(self):
        """Send what is due."""
        return send()

    def later(self):
        """Let the time of every delivery that waits have come, and every sender's lease be over; then send."""
        Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        Delivery.objects.exclude(leased_until=None).update(leased_until=timezone.now() - timedelta(seconds=1))
        return send()


@pytest.fixture
def post(db, settings, tmp_path):
    after_migrate("default")  # a test of another file may have emptied all tables under settings of its own
    server = MailServer(("127.0.0.1", 0), tmp_path / "mails")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    settings.NOTIFICATIONS_SMTP = f"smtp://127.0.0.1:{server.server_address[1]}"
    settings.NOTIFICATIONS_ANSWER_S = "5"
    yield Post(server)
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def person(db):
    """A function (local part) -> somebody with that address at example.com."""
    return lambda name="ann": accounts.customer_register(
        email=f"{name}@example.com", password_hash=passwords.UNUSABLE, first_name="Ann"
    )


@pytest.fixture
def tell(db):
    """A function (customer, template, **variables) -> an accepted notification."""

    def accept(customer, template="order_shipped", key=None, until=None, **data):
        recipient = getattr(customer, "id", customer)
        return notifications.notification_accept(
            recipient=recipient, dedupe_key=key or uuid.uuid4().hex, template=template,
            data=data or {"number": "A-1"}, expires_at=until,
        )  # fmt: skip

    return accept
