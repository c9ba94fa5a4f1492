"""The payments' refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class PaymentsError(ContractError):
    """Root of the payments' refusals."""


class UnknownPayment(PaymentsError):
    """There is no such payment, or it is another customer's."""

    code = "unknown_payment"


class UnknownRefund(PaymentsError):
    """There is no such refund, or it is of another customer's payment."""

    code = "unknown_refund"


class UnknownProvider(PaymentsError):
    """No provider has this name here."""

    code = "unknown_provider"


class InvalidTransition(PaymentsError):
    """The payment's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class OrderHasPayment(PaymentsError):
    """Another payment of the order is under way or made; the context has `payment_id`."""

    code = "order_has_payment"


class PaymentDiffers(PaymentsError):
    """The order's attempt is there already, with other particulars; the context has `payment_id`."""

    code = "payment_differs"


class RefundDiffers(PaymentsError):
    """The refund's id belongs to another payment or amount."""

    code = "refund_differs"


class RefundExceedsCaptured(PaymentsError):
    """Less is left to refund; the context has `left` in minor units."""

    code = "refund_exceeds_captured"


class AmountTooLarge(PaymentsError):
    """More than a payment can be, or than was authorised; the context has `most` in minor units."""

    code = "amount_too_large"


class CurrencyDiffers(PaymentsError):
    """A payment keeps its currency (P7)."""

    code = "currency_differs"


class InvalidPaymentMethod(PaymentsError):
    """What was given is no token; what it was is not repeated."""

    code = "invalid_payment_method"


class OutOfBounds(PaymentsError):
    """A value is outside what the operation allows."""

    code = "out_of_bounds"


class InvalidFilter(PaymentsError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"
