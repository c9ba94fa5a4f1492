"""Shipping's own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class ShippingCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    SIGNATURE_INVALID = "signature_invalid", 400, "The signature is not valid"
    WEBHOOK_INVALID = "webhook_invalid", 400, "The webhook cannot be understood"
    UNKNOWN_SHIPMENT = "unknown_shipment", 404, "There is no such shipment"
    QUOTE_EXPIRED = "quote_expired", 409, "The quote has expired"
    ORDER_ALREADY_SHIPPED = "order_already_shipped", 409, "The order has another shipment"
    EXCEEDS_ORDERED = "exceeds_ordered", 409, "There is not so much to send"
    LABEL_ALREADY_PURCHASED = "label_already_purchased", 409, "Every parcel has its label"
    NOT_CANCELLABLE = "not_cancellable", 409, "The shipment can no longer be cancelled"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    ADDRESS_INVALID = "address_invalid", 422, "The address is not valid"
    NO_SERVICE_AVAILABLE = "no_service_available", 422, "No carrier goes there"
    INVALID_OPTION = "invalid_option", 422, "The option does not belong to this shipment"
    UNKNOWN_SERVICE = "unknown_service", 422, "There is no such service"
    OUT_OF_BOUNDS = "out_of_bounds", 422, "A number is out of bounds"
    CARRIER_UNAVAILABLE = "carrier_unavailable", 503, "No carrier answers"
