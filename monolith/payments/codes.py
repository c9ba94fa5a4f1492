"""The payments' own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class PaymentsCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    SIGNATURE_INVALID = "signature_invalid", 400, "The signature of the webhook does not hold"
    CARD_DECLINED = "card_declined", 402, "The payment was declined"
    AUTHENTICATION_REQUIRED = "authentication_required", 402, "The customer has not proved who they are"
    UNKNOWN_PAYMENT = "unknown_payment", 404, "There is no such payment"
    UNKNOWN_REFUND = "unknown_refund", 404, "There is no such refund"
    UNKNOWN_PROVIDER = "unknown_provider", 404, "There is no such provider"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    REFUND_EXCEEDS_CAPTURED = "refund_exceeds_captured", 409, "There is not so much left to refund"
    ORDER_HAS_PAYMENT = "order_has_payment", 409, "The order has another payment under way or made"
    PAYMENT_DIFFERS = "payment_differs", 409, "This attempt of the order is another payment"
    REFUND_DIFFERS = "refund_differs", 409, "The refund's id belongs to another refund"
    AMOUNT_TOO_LARGE = "amount_too_large", 422, "The amount is too large"
    CURRENCY_DIFFERS = "currency_differs", 422, "A payment keeps its currency"
    INVALID_PAYMENT_METHOD = "invalid_payment_method", 422, "The payment method is no token"
    OUT_OF_BOUNDS = "out_of_bounds", 422, "A value is out of bounds"
    PROVIDER_UNAVAILABLE = "provider_unavailable", 503, "No provider can be reached"
