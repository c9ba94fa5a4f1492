"""What shipping does for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.shipping.contract.errors import (
    AddressInvalid,
    CarrierUnavailable,
    ExceedsOrdered,
    InvalidOption,
    NoServiceAvailable,
    NotCancellable,
    OrderAlreadyShipped,
    OutOfBounds,
    QuoteExpired,
    UnknownService,
    UnknownShipment,
)
from monolith.shipping.contract.values import Address, Item, Promise, Quote, Shipment
from strangler.contract import Port, command, query


class Shipping(Protocol):
    """Quotes of carriers, and what is sent with them."""

    @query(timeout_s=4.0, raises=(AddressInvalid, OutOfBounds, NoServiceAvailable, CarrierUnavailable))
    def quote(self, *, to: Address, items: tuple[Item, ...]) -> Quote:
        """
        Ask every carrier what it costs to send *items* to somebody; nothing is kept here, the options hold it all.

        Carriers are asked at the same time and get about a second each: who fails is missing among the options and
        named among the messages.

        Args:
            items: 1 to 100, one per SKU, any order.

        Raises:
            AddressInvalid: the context says which fields, and why.
            NoServiceAvailable: no carrier goes there with that.
            CarrierUnavailable: none could be asked; repeat later.
        """
        ...

    @query(raises=(AddressInvalid, OutOfBounds, QuoteExpired, InvalidOption))
    def promise(self, *, option_id: str, to: Address, items: tuple[Item, ...]) -> Promise:
        """
        Return what an option of a quote promises, as long as its price is honoured.

        Args:
            to, items: those that it was quoted for, in any order.

        Raises:
            QuoteExpired: ask for another quote.
            InvalidOption: it was not made here, or for another address or other items.
        """
        ...

    @command(
        key=("order_id",),
        raises=(
            AddressInvalid,
            OutOfBounds,
            QuoteExpired,
            InvalidOption,
            UnknownService,
            OrderAlreadyShipped,
            ExceedsOrdered,
        ),
    )
    def create(
        self,
        *,
        order_id: UUID,
        to: Address,
        items: tuple[Item, ...],
        option_id: str = "",
        carrier: str = "",
        service: str = "",
        customer_id: UUID | None = None,
    ) -> Shipment:
        """
        Make the shipment of an order; its labels are bought soon afterwards.

        Args:
            order_id: an order is shipped by this once; a repeat with other arguments is refused.
            items: all that was ordered, 1 to 100, one per SKU.
            option_id: of a quote for the same address and items, in any order; its price is honoured until it expires.
            carrier, service: instead of an option, at the price of the day.
            customer_id: who may read it; None keeps it for staff.

        Raises:
            QuoteExpired: nothing was made; repeat with another option, or with carrier and service.
            InvalidOption: it is for another address or other items.
            OrderAlreadyShipped: staff has made another shipment of the order.
            RemoteCallError: outcome unknown; repeat with the same arguments.
        """
        ...

    @command(key=("shipment_id",), raises=(UnknownShipment, NotCancellable, OutOfBounds))
    def cancel(self, *, shipment_id: UUID, reason: str = "") -> Shipment:
        """
        Stop a shipment that the carrier has not picked up; its labels are given back soon afterwards.

        A repeat changes nothing.

        Args:
            reason: for the history, at most 500 characters.
        """
        ...

    @query(raises=(UnknownShipment,))
    def shipment(self, *, shipment_id: UUID) -> Shipment:
        """Return a shipment as it is now."""
        ...

    @query()
    def shipments(self, *, order_id: UUID) -> tuple[Shipment, ...]:
        """Return what was sent for an order, the oldest first, cancelled shipments included; what came back is not."""
        ...


shipping = Port[Shipping]("shipping")
