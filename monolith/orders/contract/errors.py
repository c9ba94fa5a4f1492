"""The refusals of orders; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class OrdersError(ContractError):
    """Root of the refusals of orders."""


class CartEmpty(OrdersError):
    """There is nothing to order."""

    code = "cart_empty"


class CartExpired(OrdersError):
    """Nobody has used the cart for long, or its order was placed; begin another."""

    code = "cart_expired"


class UnknownCart(OrdersError):
    """There is no such cart, or it is somebody else's."""

    code = "unknown_cart"


class UnknownLine(OrdersError):
    """The cart has no such SKU, or the order has not."""

    code = "unknown_line"


class UnknownOrder(OrdersError):
    """There is no such order, or it is another customer's."""

    code = "unknown_order"


class UnknownSaga(OrdersError):
    """There is no such saga."""

    code = "unknown_saga"


class OrderDiffers(OrdersError):
    """The order's id belongs to another order."""

    code = "order_differs"


class PriceChanged(OrdersError):
    """It costs something else now; the context has `expected` and `total`."""

    code = "price_changed"


class NotForSale(OrdersError):
    """Something in the cart is not sold any longer; the context has `skus`."""

    code = "not_for_sale"


class AddressUndeliverable(OrdersError):
    """Nothing can be sent there, or not so; the context has `detail`."""

    code = "address_undeliverable"


class QuoteExpired(OrdersError):
    """The price of the shipping option is honoured no longer; ask for another quote."""

    code = "quote_expired"


class CurrencyMismatch(OrdersError):
    """A cart has one currency."""

    code = "currency_mismatch"


class InvalidPaymentMethod(OrdersError):
    """What was given is no token; what it was is not repeated."""

    code = "invalid_payment_method"


class InvalidTransition(OrdersError):
    """The order's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class OrderNotCancellable(OrdersError):
    """It has left, or nothing came of it; the context has `status`."""

    code = "order_not_cancellable"


class ReturnExceedsOrdered(OrdersError):
    """More would come back than was sent; the context has `lines` of `sku`, `requested`, `left`."""

    code = "return_exceeds_ordered"


class SagaNotStuck(OrdersError):
    """The saga waits for nobody; the context has `state`."""

    code = "saga_not_stuck"


class OutOfBounds(OrdersError):
    """A value is outside what the operation allows."""

    code = "out_of_bounds"


class InvalidFilter(OrdersError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class VersionConflict(OrdersError):
    """The row was changed after the caller had read it."""

    code = "version_conflict"
