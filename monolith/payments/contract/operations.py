"""What payments do for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.kernel.money import Money
from monolith.payments.contract.errors import (
    AmountTooLarge,
    CurrencyDiffers,
    InvalidPaymentMethod,
    InvalidTransition,
    OrderHasPayment,
    OutOfBounds,
    PaymentDiffers,
    RefundDiffers,
    RefundExceedsCaptured,
    UnknownPayment,
    UnknownRefund,
)
from monolith.payments.contract.values import CaptureMethod, Payment, Refund
from strangler.contract import Port, command, query

# A command returns after the provider was asked once; how long that may take is in `providers`.
_COMMAND_S = 10.0


class Payments(Protocol):
    """
    Payments of orders, each named by its order and the attempt to pay for it.

    No provider is called inside a transaction: a command records what is to be done, and its answer says `processing`.
    The provider is asked right after that has committed, before the command returns. What came of it is told by the
    queries, mostly at once, and by events; when the provider's answer stays away, it is asked again until it is known,
    under the same key, so that nothing is charged twice.
    """

    @query(raises=(UnknownPayment,))
    def payment(self, *, order_id: UUID, attempt: int) -> Payment:
        """Return a payment as it is now."""
        ...

    @query(raises=(OutOfBounds,))
    def payments(self, *, order_ids: tuple[UUID, ...]) -> tuple[Payment, ...]:
        """
        Return every payment of some orders, for whoever compares books.

        Args:
            order_ids: 1 to 200, any order.

        Returns:
            By order and attempt; orders without one are left out.
        """
        ...

    @query(raises=(UnknownRefund,))
    def refund_of(self, *, refund_id: UUID) -> Refund:
        """Return a refund as it is now."""
        ...

    @command(
        key=("order_id", "attempt"),
        timeout_s=_COMMAND_S,
        raises=(OrderHasPayment, PaymentDiffers, AmountTooLarge, InvalidPaymentMethod, OutOfBounds),
    )
    def authorize(
        self,
        *,
        order_id: UUID,
        attempt: int,
        customer: str,
        amount: Money,
        payment_method: str,
        capture_method: CaptureMethod = CaptureMethod.MANUAL,
    ) -> Payment:
        """
        Have an amount set aside for an order.

        It ends as requires_capture (as succeeded when captured automatically), as requires_action until the customer
        has acted, or as requires_payment_method when it was declined: the next try is another attempt.

        Args:
            attempt: 1 to 1,000.
            customer: whose payment it is: the subject that may read it.
            amount: 1 to 99,999,999 minor units.
            payment_method: a token of the provider's vault, never a card number.

        Raises:
            OrderHasPayment: another attempt of the order is under way or has succeeded; nothing was asked.
            PaymentDiffers: this attempt was made already, with other particulars.
            RemoteCallError: outcome unknown; repeat with the same *order_id* and *attempt*.
        """
        ...

    @command(
        key=("order_id", "attempt"),
        timeout_s=_COMMAND_S,
        raises=(UnknownPayment, InvalidTransition, AmountTooLarge, CurrencyDiffers, OutOfBounds),
    )
    def capture(self, *, order_id: UUID, attempt: int, amount: Money | None = None) -> Payment:
        """
        Take what was authorised, once; what is not taken is free again.

        It ends as succeeded; as canceled when the authorisation has lapsed.

        Args:
            amount: all that was authorised unless given.

        Raises:
            InvalidTransition: it is not authorised.
            AmountTooLarge: more than was authorised.
        """
        ...

    @command(key=("order_id", "attempt"), timeout_s=_COMMAND_S, raises=(UnknownPayment, InvalidTransition, OutOfBounds))
    def void(self, *, order_id: UUID, attempt: int, reason: str = "") -> Payment:
        """
        Give up a payment: what is set aside is free again. A repeat changes nothing.

        While it is unknown whether the provider has authorised, that is found out first, and then undone.

        Args:
            reason: for the history, at most 500 characters.

        Raises:
            InvalidTransition: it is captured, or is being captured: refund it.
        """
        ...

    @command(
        key=("refund_id",),
        timeout_s=_COMMAND_S,
        raises=(UnknownPayment, RefundExceedsCaptured, RefundDiffers, CurrencyDiffers, OutOfBounds),
    )
    def refund(
        self, *, refund_id: UUID, order_id: UUID, attempt: int, amount: Money | None = None, reason: str = ""
    ) -> Refund:
        """
        Give captured money back.

        Args:
            refund_id: made by the caller: one refund, ever.
            amount: all that is left unless given.
            reason: for the history, at most 500 characters.

        Raises:
            RefundExceedsCaptured: less was captured, or is left after other refunds, those under way included.
            RefundDiffers: this id is of another payment or amount.
        """
        ...


payments = Port[Payments]("payments")
