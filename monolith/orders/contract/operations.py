"""What orders do for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.kernel.money import Money
from monolith.orders.contract.errors import (
    CartEmpty,
    CurrencyMismatch,
    InvalidPaymentMethod,
    OrderDiffers,
    OrderNotCancellable,
    OutOfBounds,
    UnknownOrder,
    UnknownSaga,
)
from monolith.orders.contract.values import Address, Order, Saga, WantedLine
from strangler.contract import Port, command, query


class Orders(Protocol):
    """Orders and what becomes of them. A quantity is a number of single units, 1 to 10,000."""

    @command(key=("order_id",), raises=(CartEmpty, CurrencyMismatch, InvalidPaymentMethod, OrderDiffers, OutOfBounds))
    def place(
        self,
        *,
        order_id: UUID,
        customer_id: UUID,
        lines: tuple[WantedLine, ...],
        shipping: Money,
        shipping_option_id: str,
        address: Address,
        payment_method: str,
    ) -> Order:
        """
        Take an order as the customer has seen it, and begin its checkout; the answer says `pending`.

        Prices and the shipping option are checked before anything is charged: an order that would cost something else
        by now is rejected. What becomes of it is told by `order` and by events, mostly within a second.

        Args:
            order_id: made by the caller: one order, ever.
            lines: 1 to 100, one per SKU, any order, all in one currency.
            shipping: what the option costs.
            shipping_option_id: of a quote of `shipping`, for this address and these lines.
            payment_method: a token of a payment provider's vault, never a card number.

        Raises:
            OrderDiffers: the id is of another order.
            RemoteCallError: outcome unknown; repeat with the same *order_id*.
        """
        ...

    @command(key=("order_id",), raises=(UnknownOrder, OrderNotCancellable, OutOfBounds))
    def cancel(self, *, order_id: UUID, reason: str = "") -> Order:
        """
        Give an order up that has not left: it is `cancelling` until all is undone. A repeat changes nothing.

        Should a carrier have taken it meanwhile, it is `confirmed` again and goes on.

        Args:
            reason: for the history, at most 500 characters.
        """
        ...

    @query(raises=(UnknownOrder,))
    def order(self, *, order_id: UUID) -> Order:
        """Return an order as it is now."""
        ...

    @query(raises=(OutOfBounds,))
    def orders(self, *, ids: tuple[UUID, ...]) -> tuple[Order, ...]:
        """
        Return orders as they are now.

        Args:
            ids: 1 to 200, any order.

        Returns:
            By the time they were placed; what does not exist is left out.
        """
        ...

    @query(raises=(UnknownSaga,))
    def saga(self, *, order_id: UUID) -> Saga:
        """Return how far the checkout of an order is, and each step that was taken."""
        ...


orders = Port[Orders]("orders")
