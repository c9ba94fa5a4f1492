"""What docs/events.md shows is what runs."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from strangler.contract import Events
from strangler.events import inbox
from tests.support.platform import ROOT
from tests.unit.events.letters import letter


def section(title):
    text = (ROOT / "docs" / "events.md").read_text()
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    return re.search(r"```python\n(.*?)```", found, re.DOTALL).group(1)


@pytest.mark.django_db(transaction=True)
def test_the_snippets_declare_publish_and_handle():
    names = {"__name__": __name__}
    for title in ("Declare and subscribe", "Publish", "Handle"):
        exec(section(title), names)
    assert isinstance(names["events"], Events)
    assert names["subscriptions"].wanted == {"inventory": frozenset({"shop.stock.out.v1"})}
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, payload FROM inventory_outbox")
        assert cursor.fetchall() == [("shop.stock.out.v1", '{"sku":"MUG-BLUE"}')]
    handler = names["StockWatch"]()
    envelope = inbox.unseal(letter(1, type="shop.stock.out.v1", data={"sku": "MUG-BLUE"}))
    event = handler.received(envelope)
    assert event.data == names["StockOut"](sku="MUG-BLUE")
    handler.apply(event, handler.gather(event))
