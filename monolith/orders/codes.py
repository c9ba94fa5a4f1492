"""The orders' own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class OrdersCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    PAYMENT_DECLINED = "payment_declined", 402, "The payment was declined"
    UNKNOWN_CART = "unknown_cart", 404, "There is no such cart"
    UNKNOWN_LINE = "unknown_line", 404, "There is no such line"
    UNKNOWN_ORDER = "unknown_order", 404, "There is no such order"
    UNKNOWN_SAGA = "unknown_saga", 404, "There is no such saga"
    CART_EMPTY = "cart_empty", 409, "The cart is empty"
    CART_EXPIRED = "cart_expired", 409, "The cart has expired"
    PRICE_CHANGED = "price_changed", 409, "It costs something else now"
    NOT_FOR_SALE = "not_for_sale", 409, "Something is not for sale"
    INSUFFICIENT_STOCK = "insufficient_stock", 409, "There is not enough in stock"
    RISK_DECLINED = "risk_declined", 409, "The order was declined"
    CHECKOUT_TIMED_OUT = "checkout_timed_out", 409, "The checkout took too long and was undone"
    QUOTE_EXPIRED = "quote_expired", 409, "The quote has expired"
    ORDER_DIFFERS = "order_differs", 409, "The id is of another order"
    ORDER_NOT_CANCELLABLE = "order_not_cancellable", 409, "The order cannot be cancelled"
    RETURN_EXCEEDS_ORDERED = "return_exceeds_ordered", 409, "Not so much was sent"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    SAGA_NOT_STUCK = "saga_not_stuck", 409, "The saga waits for nobody"
    ADDRESS_UNDELIVERABLE = "address_undeliverable", 422, "Nothing can be sent there"
    CURRENCY_MISMATCH = "currency_mismatch", 422, "The currencies differ"
    INVALID_PAYMENT_METHOD = "invalid_payment_method", 422, "The payment method is no token"
    OUT_OF_BOUNDS = "out_of_bounds", 422, "A value is out of bounds"
    NEIGHBOUR_UNAVAILABLE = "neighbour_unavailable", 503, "Somebody who must be asked does not answer"
