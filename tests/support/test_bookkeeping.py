"""The judge of purchases finds whatever is made wrong in books that were right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.bookkeeping import Books, Intent, Purchase, judge

LINES = {"MUG": 2, "POT": 1}
RECEIVED = {"MUG": 10, "POT": 10}
KEPT = Purchase("o1", "ann", LINES, 5000, "confirmed")
SENT = Purchase("o2", "ann", LINES, 5000, "shipped")
GIVEN_UP = Purchase("o3", "ann", LINES, 5000, "cancelled")
REFUSED = Purchase("o4", "ann", LINES, 5000, "rejected")
PURCHASES = (KEPT, SENT, GIVEN_UP, REFUSED)
_ROWS = {
    "o1": ("active", "requires_capture", 5000, 0, "label_created", ("order_confirmed",)),
    "o2": ("committed", "succeeded", 0, 5000, "in_transit", ("order_confirmed", "order_shipped")),
    "o3": ("released", "canceled", 0, 0, "cancelled", ("order_confirmed", "order_cancelled")),
    "o4": ("released", "canceled", 0, 0, None, ("order_rejected",)),
}


def right_books() -> Books:
    """Return books in which everything is as it was told."""
    books = Books(customers={"ann"}, stock={"MUG": (8, 2), "POT": (9, 1)})
    for one in PURCHASES:
        held, paid, capturable, captured, sent, mails = _ROWS[one.order_id]
        books.orders[one.order_id], books.numbers[one.order_id] = (one.end, 5000, "ann"), one.order_id.upper()
        books.lines[one.order_id] = dict(LINES)
        books.held[one.order_id] = [(held, dict(LINES))]
        books.paid[one.order_id] = [Intent(f"p-{one.order_id}", paid, 5000, capturable, captured, 0)]
        books.sent[one.order_id] = [(sent, dict(LINES))] if sent else []
        books.decided[one.order_id] = ["approve"]
        books.bought[one.order_id] = set(LINES) if sent else set()
        books.mails["ann", one.order_id.upper()] = Counter(mails)
    return books


def found_in(books: Books, charges: int = 1) -> list[str]:
    return judge(books, PURCHASES, received=RECEIVED, charges=lambda _: charges)


def test_right_books_are_right() -> None:
    """Nothing is found where nothing is wrong."""
    assert found_in(right_books()) == []


WRONGS: dict[str, Callable[[Books], object]] = {
    "lost": lambda b: b.orders.pop("o1"),
    "an order of nobody": lambda b: b.orders.update(o9=("confirmed", 1, "ann")),
    "another end": lambda b: b.orders.update(o1=("cancelled", 5000, "ann")),
    "another total": lambda b: b.orders.update(o1=("confirmed", 1, "ann")),
    "another customer": lambda b: b.orders.update(o1=("confirmed", 5000, "bob")),
    "no customer": lambda b: b.customers.clear(),
    "another line": lambda b: b.lines["o1"].update(JUG=1),
    "nothing is set aside": lambda b: b.held["o1"].clear(),
    "set aside twice": lambda b: b.held["o1"].append(("active", dict(LINES))),
    "too few are set aside": lambda b: b.held["o1"][0][1].update(MUG=1),
    "stock of a cancelled order": lambda b: b.held["o3"].append(("active", dict(LINES))),
    "not committed": lambda b: b.held.update(o2=[("active", dict(LINES))]),
    "not paid": lambda b: b.paid["o1"].clear(),
    "paid twice": lambda b: b.paid["o2"].append(b.paid["o2"][0]),
    "not captured": lambda b: b.paid.update(o2=[Intent("p", "requires_capture", 5000, 5000, 0, 0)]),
    "too little": lambda b: b.paid.update(o1=[Intent("p", "requires_capture", 5000, 10, 0, 0)]),
    "money of a cancelled order": lambda b: b.paid.update(o3=[Intent("p", "requires_capture", 5000, 5000, 0, 0)]),
    "money not given back": lambda b: b.paid.update(o4=[Intent("p", "canceled", 5000, 0, 5000, 0)]),
    "not sent": lambda b: b.sent["o1"].clear(),
    "sent twice": lambda b: b.sent["o1"].append(("draft", dict(LINES))),
    "still at home": lambda b: b.sent.update(o2=[("draft", dict(LINES))]),
    "a shipment of a cancelled order": lambda b: b.sent.update(o3=[("draft", dict(LINES))]),
    "no decision": lambda b: b.decided["o1"].clear(),
    "two decisions": lambda b: b.decided["o1"].append("approve"),
    "not recommended": lambda b: b.bought["o1"].clear(),
    "recommended alone": lambda b: b.bought["o1"].remove("POT"),
    "no mail": lambda b: b.mails["ann", "O1"].clear(),
    "a mail twice": lambda b: b.mails["ann", "O1"].update(["order_confirmed"]),
    "stock is gone": lambda b: b.stock.update(MUG=(7, 2)),
    "stock is kept": lambda b: b.stock.update(MUG=(8, 4)),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_judge_finds_what_is_wrong(wrong: str) -> None:
    """Each thing alone."""
    books = right_books()
    WRONGS[wrong](books)
    assert found_in(books)


@pytest.mark.parametrize("charges", [0, 2])
def test_judge_asks_the_provider(charges: int) -> None:
    """Charged never, or twice, whatever payments say."""
    assert len(found_in(right_books(), charges)) == len([KEPT, SENT])


@pytest.mark.parametrize(("bought", "right"), [(set(), True), ({"MUG"}, False)])
def test_what_was_bought_alone_recommends_nothing(bought: set[str], right: bool) -> None:
    """A single SKU has nothing together with it (docs/recommendations.md)."""
    books, alone = right_books(), {"MUG": 2}
    books.orders = {"o1": books.orders["o1"]}
    books.lines["o1"], books.held["o1"], books.sent["o1"] = alone, [("active", alone)], [("label_created", alone)]
    books.stock, books.bought["o1"] = {"MUG": (10, 2)}, bought
    found = judge(books, [replace(KEPT, lines=alone)], received={"MUG": 10})
    assert (found == []) == right
