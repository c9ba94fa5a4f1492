"""
What the homes that own the rows say of purchases, read by SQL, and where that is not what customers were told.

It knows tables and HTTP, and nothing of the project's code: neither the saga nor the apps are asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.checker.rows import query

MONOLITH = "monolith"
CONFIRMED, SHIPPED, REJECTED, CANCELLED = "confirmed", "shipped", "rejected", "cancelled"
_OWNER = "SELECT owner, epoch FROM strangler_ownership WHERE capability = ?"
BOUGHT = (CONFIRMED, SHIPPED)
"""How a purchase ends that the customer gets, and pays for."""
_MAILS = {
    CONFIRMED: ("order_confirmed",),
    SHIPPED: ("order_confirmed", "order_shipped"),
    REJECTED: ("order_rejected",),
    CANCELLED: ("order_confirmed", "order_cancelled"),
}
_HELD = {CONFIRMED: "active", SHIPPED: "committed"}
_PAID = {CONFIRMED: "requires_capture", SHIPPED: "succeeded"}
_SENT = {CONFIRMED: ("draft", "label_created"), SHIPPED: ("in_transit", "out_for_delivery", "delivered")}


@dataclass(frozen=True, slots=True)
class Purchase:
    """
    What a customer was told last.

    Attributes:
        lines: SKU to units.
        total: in minor units, with what it costs to send it.
        end: how it has ended.
    """

    order_id: str
    customer_id: str
    lines: Mapping[str, int]
    total: int
    end: str


class Intent(NamedTuple):
    """A payment, in minor units."""

    id: str
    status: str
    amount: int
    capturable: int
    captured: int
    refunded: int


Moved = tuple[str, dict[str, int]]
"""A status, and SKU to units."""


@dataclass(slots=True)
class Books:
    """
    The rows of every app, by order.

    Attributes:
        orders: id to (status, total, customer).
        mails: (customer, number of the order) to the templates of what was sent.
        stock: SKU to (on hand, reserved).
    """

    orders: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    lines: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    held: dict[str, list[Moved]] = field(default_factory=lambda: defaultdict(list))
    paid: dict[str, list[Intent]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[str, list[Moved]] = field(default_factory=lambda: defaultdict(list))
    decided: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    mails: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bought: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    customers: set[str] = field(default_factory=set)
    stock: dict[str, tuple[int, int]] = field(default_factory=dict)


def owner_of(databases: Mapping[str, str], app: str) -> str:
    """
    Return which home owns an app's rows; a monolith that no longer has the app has nothing to say of it.

    Raises:
        AssertionError: two homes name different ones, or nobody names any.
    """
    homes = [databases[MONOLITH], *([databases[app]] if app in databases else [])]
    owners = {row for dsn in homes for row in query(dsn, _OWNER, (app,))}
    assert len(owners) == 1, f"the homes of {app} disagree: {owners}"
    return str(owners.pop()[0])


def read_books(databases: Mapping[str, str]) -> Books:
    """Read the rows of every app where its owner has them; *databases* maps a host to its PostgreSQL database."""

    def rows(app: str, sql: str) -> list[tuple[Any, ...]]:
        home = owner_of(databases, app)
        return query(databases[MONOLITH if home == MONOLITH else app], sql)

    books = Books()
    books.customers = {str(one) for (one,) in rows("users", "SELECT id FROM users_customer")}
    for order, number, status, total, customer in rows("orders", _ORDERS):
        books.orders[str(order)], books.numbers[str(order)] = (status, total, str(customer)), number
    for order, sku, qty in rows("orders", "SELECT order_id, sku, qty FROM orders_order_line"):
        books.lines[str(order)][sku] = qty
    for into, found in ((books.held, rows("inventory", _RESERVATIONS)), (books.sent, rows("shipping", _SHIPMENTS))):
        for order, moved in _moved(found):
            into[order].append(moved)
    for order, intent, *rest in rows("payments", _INTENTS):
        books.paid[str(order)].append(Intent(str(intent), *rest))
    for order, outcome in rows("risk", "SELECT subject_id, outcome FROM risk_decision"):
        books.decided[str(order)].append(outcome)
    for customer, template, number in rows("notifications", _MAILS_SENT):
        books.mails[str(customer), number][template] += 1
    for order, sku in rows("recommendations", "SELECT order_id, sku FROM recommendations_bought"):
        books.bought[str(order)].add(sku)
    books.stock = {sku: (int(there), int(reserved)) for sku, there, reserved in rows("inventory", _STOCK)}
    return books


def judge(
    books: Books,
    purchases: Sequence[Purchase],
    *,
    received: Mapping[str, int],
    charges: Callable[[str], int] | None = None,
) -> list[str]:
    """
    Return where the books say something else than the customers were told; empty when nothing.

    Args:
        purchases: all that there ever were.
        received: SKU to units that were ever delivered to the shop.
        charges: how often a provider has charged a payment, by its id.
    """
    found = [f"{one.order_id} ({one.end}): {what}" for one in purchases for what in _faults(books, one, charges)]
    nobodys = books.orders.keys() - {one.order_id for one in purchases}
    found += [f"{order}: nobody has placed it" for order in sorted(nobodys)]
    found += _of_stock(books, purchases, received)
    return found


def _faults(books: Books, one: Purchase, charges: Callable[[str], int] | None) -> Iterator[str]:
    if one.order_id not in books.orders:
        yield "lost"
        return
    status, total, customer = books.orders[one.order_id]
    if status != one.end:
        yield f"it is {status}"
    if (total, customer) != (one.total, one.customer_id):
        yield f"{total} from {customer}, and {one.total} from {one.customer_id} was agreed"
    if customer not in books.customers:
        yield f"there is no customer {customer}"
    if books.lines[one.order_id] != one.lines:
        yield f"its lines are {books.lines[one.order_id]}, not {one.lines}"
    yield from _got(books, one, charges) if one.end in BOUGHT else _nothing_left(books, one)
    mails = books.mails[customer, books.numbers[one.order_id]]
    if mails != Counter(_MAILS[one.end]):
        yield f"mails about it: {dict(mails)}, and wanted are {_MAILS[one.end]}"


def _got(books: Books, one: Purchase, charges: Callable[[str], int] | None) -> Iterator[str]:
    """What was promised is set aside, paid for, and sent, once."""
    held, paid, sent = books.held[one.order_id], books.paid[one.order_id], _going(books, one)
    if held != [(_HELD[one.end], one.lines)]:
        yield f"reservations: {held}"
    sums = [(each.status, each.amount, each.capturable + each.captured - each.refunded) for each in paid]
    if sums != [(_PAID[one.end], one.total, one.total)]:
        yield f"payments: {paid}, and it costs {one.total}"
    elif charges is not None and (times := charges(paid[0].id)) != 1:
        yield f"it was charged {times} times"
    if [lines for _, lines in sent] != [one.lines] or sent[0][0] not in _SENT[one.end]:
        yield f"shipments: {sent}"
    if books.decided[one.order_id] != ["approve"]:
        yield f"risk has decided {books.decided[one.order_id]}"
    together = set(one.lines) if len(one.lines) > 1 else set()  # docs/recommendations.md
    if books.bought[one.order_id] != together:
        yield f"recommendations know of {books.bought[one.order_id]}"


def _nothing_left(books: Books, one: Purchase) -> Iterator[str]:
    """Neither stock nor money is kept of what came to nothing, and nothing is under way."""
    if kept := [moved for moved in books.held[one.order_id] if moved[0] != "released"]:
        yield f"reservations: {kept}"
    if kept := [
        paid
        for paid in books.paid[one.order_id]
        if paid.status != "canceled" or paid.capturable or paid.captured != paid.refunded
    ]:
        yield f"payments: {kept}"
    if going := _going(books, one):
        yield f"shipments: {going}"


def _going(books: Books, one: Purchase) -> list[Moved]:
    return [moved for moved in books.sent[one.order_id] if moved[0] != "cancelled"]


def _of_stock(books: Books, purchases: Sequence[Purchase], received: Mapping[str, int]) -> Iterator[str]:
    units: dict[str, Counter[str]] = {end: Counter() for end in BOUGHT}
    for one in purchases:
        if one.end in units:
            units[one.end].update(one.lines)
    for sku, there in received.items():
        wanted = (there - units[SHIPPED][sku], units[CONFIRMED][sku])
        if books.stock.get(sku) != wanted:
            yield f"{sku}: {books.stock.get(sku)} on hand and reserved, not {wanted}"


def _moved(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, Moved]]:
    """Rows of (id, order, status, sku, qty) as what they belong to, with the units of several warehouses together."""
    found: dict[str, tuple[str, str, dict[str, int]]] = {}
    for moved, order, status, sku, qty in rows:
        lines = found.setdefault(str(moved), (str(order), status, {}))[2]
        if sku is not None:
            lines[sku] = lines.get(sku, 0) + int(qty)
    for order, status, lines in found.values():
        yield order, (status, lines)


_ORDERS = "SELECT id, number, status, total_minor, customer_id FROM orders_order"
_RESERVATIONS = """SELECT r.id, r.order_id, r.status, l.sku, l.qty FROM inventory_reservation r
 LEFT JOIN inventory_reservation_line l ON l.reservation_id = r.id"""
_SHIPMENTS = """SELECT s.id, s.order_id, s.status, l.sku, l.qty FROM shipping_shipment s
 LEFT JOIN shipping_shipment_line l ON l.shipment_id = s.id WHERE s.returns_id IS NULL"""
_INTENTS = """SELECT order_id, id, status, amount, amount_capturable, amount_captured, amount_refunded
 FROM payments_intent"""
_MAILS_SENT = """SELECT recipient, template, data->>'number' FROM notifications_notification
 WHERE template LIKE 'order_%%'"""
_STOCK = "SELECT sku, sum(on_hand), sum(reserved) FROM inventory_stock_item GROUP BY sku"
