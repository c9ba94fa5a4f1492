"""What stays the same when the notifications change their home."""

from __future__ import annotations

import pytest

from tests.contracts.client import Client
from tests.contracts.moves import OTHER, move
from tests.contracts.notifications.conftest import MOUNT, told
from tests.contracts.users.conftest import Person
from tests.support.mails import Mails
from tests.support.platform import Platform
from tests.support.processes import eventually


@pytest.mark.parametrize("home", ["monolith", "service"])
def test_nobody_is_told_twice_and_what_waits_is_sent(platform: Platform, home: str, mailbox: Mails) -> None:
    """What was sent in one home is known in the other; what came there while it waited arrives once."""
    move(platform, home)
    here, there = (Client(platform.doors[at], platform.token, MOUNT) for at in (home, OTHER[home]))
    ann = Person(platform.public["monolith"])
    first = here.create("/notifications", told(ann)).json
    mailbox.wait(ann.email, "Your order A-1 is on its way")
    eventually(lambda: here.get(f"/notifications/{first['id']}").json["status"] == "completed", what="it is recorded")
    here.create("/notifications", told(ann, dedupe_key="late", data={"number": "A-2"}))
    move(platform, OTHER[home])
    assert there.create("/notifications", told(ann)).json["id"] == first["id"]
    mailbox.wait(ann.email, "Your order A-2 is on its way")
    ben = Person(platform.public["monolith"])
    mailbox.wait(ben.email, "Is this your e-mail address?")
    assert len([mail for mail in mailbox.to(ann.email) if "A-1" in mail["Subject"]]) == 1
