"""Shipping's refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class ShippingError(ContractError):
    """Root of shipping's refusals."""


class AddressInvalid(ShippingError):
    """Nothing can be sent there; the context has `invalid`, a list of `field`, `code` and `detail`."""

    code = "address_invalid"


class OutOfBounds(ShippingError):
    """A quantity, a weight, a measure or a number of lines is outside what the operation allows."""

    code = "out_of_bounds"


class NoServiceAvailable(ShippingError):
    """No carrier goes there with that."""

    code = "no_service_available"


class CarrierUnavailable(ShippingError):
    """Every carrier that could be asked failed; repeat later. The context has `messages`."""

    code = "carrier_unavailable"


class QuoteExpired(ShippingError):
    """The price is honoured no longer; the context has `expired_at`. Ask for another quote."""

    code = "quote_expired"


class InvalidOption(ShippingError):
    """The option was not made here, or for another address or other items."""

    code = "invalid_option"


class UnknownService(ShippingError):
    """There is no such carrier, or it has no such service."""

    code = "unknown_service"


class UnknownShipment(ShippingError):
    """There is no such shipment."""

    code = "unknown_shipment"


class OrderAlreadyShipped(ShippingError):
    """The order has a shipment of other items; the context has `shipment_id`."""

    code = "order_already_shipped"


class ExceedsOrdered(ShippingError):
    """More would be sent, or sent back, than there was; the context has `lines` of `sku`, `requested`, `left`."""

    code = "exceeds_ordered"


class LabelAlreadyPurchased(ShippingError):
    """Every parcel has its label."""

    code = "label_already_purchased"


class NotCancellable(ShippingError):
    """The carrier has it already; the context has `status`."""

    code = "not_cancellable"


class InvalidTransition(ShippingError):
    """The shipment's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(ShippingError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class SignatureInvalid(ShippingError):
    """A webhook is not by the carrier, was changed on its way, or is old."""

    code = "signature_invalid"


class WebhookInvalid(ShippingError):
    """A webhook is signed by the carrier, but does not say what happened to which parcel."""

    code = "webhook_invalid"
