"""The rules of orders; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from monolith.kernel.money import Money
from monolith.kernel.skus import SKU_PATTERN
from monolith.kernel.transitions import Transitions
from monolith.orders.contract import (
    CartEmpty,
    CurrencyMismatch,
    InvalidPaymentMethod,
    InvalidTransition,
    OutOfBounds,
    ReturnExceedsOrdered,
    WantedLine,
)
from monolith.orders.contract import OrderStatus as Status

LINES_MAX = 100
QTY_MAX = 10_000
ORDERS_MAX = 200
TEXT_MAX = 500
NAME_MAX = 300
OPTION_MAX = 255
CHOSEN_MAX = 1_000
"""Characters by which a customer chooses an option: shipping's own, and what it has said of it."""
AMOUNT_MAX = 99_999_999
"""Minor units that one order may cost: what a payment can be."""
CART_KEPT = timedelta(days=30)
RETURN_WINDOW = timedelta(days=14)
"""How long after its arrival an order may be sent back."""
_SKU = re.compile(SKU_PATTERN)
_TOKEN = re.compile(r"^tok_[A-Za-z0-9_]{1,60}$")
_CARD_NUMBER = re.compile(r"(?:[0-9]_?){12,}")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_NUMBER_LENGTH = 12

_GIVEN_UP = frozenset({Status.REJECTED, Status.CANCELLING})
TRANSITIONS = Transitions(
    {
        Status.DRAFT: frozenset({Status.PENDING}),
        Status.PENDING: frozenset({Status.STOCK_RESERVED}) | _GIVEN_UP,
        Status.STOCK_RESERVED: frozenset({Status.PAYMENT_AUTHORIZED}) | _GIVEN_UP,
        Status.PAYMENT_AUTHORIZED: frozenset({Status.CONFIRMED}) | _GIVEN_UP,
        Status.CONFIRMED: frozenset({Status.PARTIALLY_SHIPPED, Status.SHIPPED, Status.CANCELLING}),
        Status.PARTIALLY_SHIPPED: frozenset({Status.SHIPPED}),
        Status.SHIPPED: frozenset({Status.DELIVERED, Status.RETURNED}),
        Status.DELIVERED: frozenset({Status.COMPLETED, Status.RETURN_REQUESTED, Status.RETURNED}),
        Status.RETURN_REQUESTED: frozenset({Status.RETURNED}),
        # Confirmed again: a carrier had it before the shipment could be stopped.
        Status.CANCELLING: frozenset({Status.CANCELLED, Status.CONFIRMED}),
        Status.COMPLETED: frozenset(),
        Status.REJECTED: frozenset(),
        Status.CANCELLED: frozenset(),
        Status.RETURNED: frozenset(),
    }
)
FINAL = frozenset(status for status in Status if not TRANSITIONS.after(status))
CANCELLABLE = TRANSITIONS.before(Status.CANCELLING)
BEFORE_PIVOT = frozenset({Status.PENDING, Status.STOCK_RESERVED, Status.PAYMENT_AUTHORIZED})


def refusal(status: Status, target: Status) -> InvalidTransition:
    """Make the refusal of a step."""
    return InvalidTransition(
        f"An order that is {status} cannot become {target}.",
        **{"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))},
    )


def number_of(order_id: UUID) -> str:
    """
    Return an order's number as people say it, such as `7GQX-9M2K-4RTW`: always the same, without 0, 1, I and O.

    It is made of the random half of the id, so nobody learns from it how much is sold.
    """
    rest, letters = order_id.int % (1 << 62), ""
    for _ in range(_NUMBER_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        letters += _ALPHABET[digit]
    return "-".join(letters[start : start + 4] for start in range(0, _NUMBER_LENGTH, 4))


def subtotal_of(lines: Sequence[WantedLine]) -> Money:
    """
    Return what lines cost together.

    Raises:
        CartEmpty, CurrencyMismatch, OutOfBounds: they are no order.
    """
    if not lines:
        raise CartEmpty("There is nothing to order: put something into the cart.")
    if len(lines) > LINES_MAX:
        raise OutOfBounds(f"An order has at most {LINES_MAX} lines.")
    if len({line.sku for line in lines}) < len(lines):
        raise OutOfBounds("Name each SKU once.")
    currencies = {line.unit_price.currency for line in lines}
    if len(currencies) > 1:
        raise CurrencyMismatch(f"An order has one currency, not {', '.join(sorted(currencies))}.")
    total = Money(0, *currencies)
    for line in lines:
        check_sku(line.sku)
        check_quantity(line.qty)
        check_text(line.name, NAME_MAX)
        _check_amount(line.unit_price)
        total += line.unit_price * line.qty
    return total


def total_of(*, subtotal: Money, shipping: Money, tax: Money, discount: Money) -> Money:
    """Return what an order costs (O1). Raises CurrencyMismatch, OutOfBounds."""
    if {subtotal.currency} != {shipping.currency, tax.currency, discount.currency}:
        raise CurrencyMismatch(f"What is ordered costs {subtotal.currency}, and its shipping {shipping.currency}.")
    _check_amount(shipping)
    total = subtotal + shipping + tax - discount
    if not 1 <= total.amount <= AMOUNT_MAX:
        raise OutOfBounds(f"An order costs 1 to {AMOUNT_MAX} minor units.")
    return total


def returnable(wanted: Mapping[str, int], ordered: Mapping[str, int]) -> None:
    """Raise ReturnExceedsOrdered unless all of *wanted* was *ordered*, SKU by SKU."""
    lacks = [
        {"sku": sku, "requested": qty, "left": ordered.get(sku, 0)}
        for sku, qty in wanted.items()
        if qty > ordered.get(sku, 0)
    ]
    if lacks:
        raise ReturnExceedsOrdered(
            "Not so much was sent of " + ", ".join(str(one["sku"]) for one in lacks), lines=lacks
        )


def check_sku(sku: str) -> None:
    """Raise OutOfBounds unless *sku* can be one."""
    if not _SKU.fullmatch(sku):
        raise OutOfBounds(f"{sku[:64]!r} is no SKU: capital letters and digits, with . _ - between.")


def check_quantity(qty: int) -> None:
    """Raise OutOfBounds unless *qty* is 1 to `QTY_MAX`."""
    if not 1 <= qty <= QTY_MAX:
        raise OutOfBounds(f"A quantity is 1 to {QTY_MAX}, not {qty}.")


def check_text(text: str, most: int = TEXT_MAX) -> None:
    """Raise OutOfBounds unless every database here can keep *text*, and it is not too long."""
    if len(text) > most or _NOT_TEXT.search(text):
        raise OutOfBounds(f"A text has at most {most} characters, and no control character NUL.")


def check_token(token: str) -> None:
    """Raise InvalidPaymentMethod unless *token* has the form of a provider's; a card number has not."""
    if not _TOKEN.fullmatch(token) or _CARD_NUMBER.search(token):
        raise InvalidPaymentMethod("A payment method is a token of the provider's vault, such as tok_visa.")


def _check_amount(money: Money) -> None:
    if not 0 <= money.amount <= AMOUNT_MAX:
        raise OutOfBounds(f"A price is 0 to {AMOUNT_MAX} minor units.")
