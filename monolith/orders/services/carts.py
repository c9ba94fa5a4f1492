"""Writes of carts. What is in a cart promises nothing; the catalog says what it costs."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from monolith.orders.contract import CartExpired, OutOfBounds, UnknownCart, UnknownLine, VersionConflict
from monolith.orders.domain import CART_KEPT, LINES_MAX, QTY_MAX, check_quantity, check_sku
from monolith.orders.models import Cart, CartLine

TOKEN_MIN = 32


@transaction.atomic
def cart_create(*, currency: str, customer_id: UUID | None = None, token: str = "") -> Cart:
    """
    Begin a cart of a customer, or of whoever knows its token.

    Args:
        token: made by the client at random, at least `TOKEN_MIN` characters; only its hash is kept.

    Raises:
        OutOfBounds: nobody would own it.
    """
    if customer_id is None and len(token) < TOKEN_MIN:
        raise OutOfBounds(f"Who is not logged in makes a secret of {TOKEN_MIN} characters, and sends it as Cart-Token.")
    digest = "" if customer_id is not None else _digest(token)
    return Cart.objects.create(customer_id=customer_id, token_sha256=digest, currency=currency, expires_at=_expiry())


@transaction.atomic
def line_set(*, cart: Cart, sku: str, qty: int) -> Cart:
    """Let a cart have so many units of a SKU. Raises CartExpired, OutOfBounds, VersionConflict."""
    check_sku(sku)
    check_quantity(qty)
    _touch(cart)
    CartLine.objects.update_or_create(cart=cart, sku=sku, defaults={"qty": qty})
    if CartLine.objects.filter(cart=cart).count() > LINES_MAX:
        raise OutOfBounds(f"A cart has at most {LINES_MAX} lines.")
    return cart


@transaction.atomic
def line_remove(*, cart: Cart, sku: str) -> Cart:
    """Take a SKU out. Raises UnknownLine, CartExpired, OutOfBounds, VersionConflict."""
    check_sku(sku)
    _touch(cart)
    if not CartLine.objects.filter(cart=cart, sku=sku).delete()[0]:
        raise UnknownLine(f"{sku[:64]!r} is not in the cart.")
    return cart


@transaction.atomic
def cart_merge(*, cart: Cart, other: Cart) -> Cart:
    """
    Put what is in another cart into this one; the other one is empty then. Of a SKU in both, the quantities are added.

    Raises:
        CartExpired, OutOfBounds, VersionConflict: nothing was changed.
    """
    if cart.id == other.id:
        return cart
    for one in sorted((cart, other), key=lambda row: row.id):
        _touch(one)
    have = dict(CartLine.objects.filter(cart=cart).values_list("sku", "qty"))
    for line in CartLine.objects.filter(cart=other):
        qty = min(QTY_MAX, have.get(line.sku, 0) + line.qty)
        CartLine.objects.update_or_create(cart=cart, sku=line.sku, defaults={"qty": qty})
    CartLine.objects.filter(cart=other).delete()
    if CartLine.objects.filter(cart=cart).count() > LINES_MAX:
        raise OutOfBounds(f"A cart has at most {LINES_MAX} lines.")
    return cart


def carts_purge(*, limit: int = 500) -> int:
    """Forget at most *limit* carts that nobody has used for long, and return how many rows that were."""
    old = list(Cart.objects.filter(expires_at__lt=timezone.now()).values_list("id", flat=True)[:limit])
    return Cart.objects.filter(id__in=old).delete()[0]


def check_theirs(cart: Cart | None, *, customer_id: UUID | None, token: str) -> Cart:
    """Return the cart if it is whose it must be. Raises UnknownCart."""
    if cart is not None:
        if cart.customer_id is not None and cart.customer_id == customer_id:
            return cart
        if cart.customer_id is None and hmac.compare_digest(cart.token_sha256, _digest(token)):
            return cart
    raise UnknownCart("There is no such cart, or it is somebody else's.")


def is_over(cart: Cart) -> bool:
    """Whether nothing can be put into a cart any more."""
    return cart.order_id is not None or cart.expires_at <= timezone.now()


def _touch(cart: Cart) -> None:
    """Change a cart's version, if it is still the one that was read."""
    if is_over(cart):
        raise CartExpired("The cart has expired, or its order was placed: begin another.")
    until = _expiry()
    same = Cart.objects.filter(id=cart.id, version=cart.version, order_id=None)
    if not same.update(version=F("version") + 1, expires_at=until):
        raise VersionConflict("The cart was changed meanwhile: read it again.")
    cart.version += 1
    cart.expires_at = until


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _expiry() -> datetime:
    return timezone.now() + CART_KEPT
