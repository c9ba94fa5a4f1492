"""
The checkout: its table of steps, and what each of them asks of other apps.

Every command has its effect once for its order, so a step acts again whenever nobody knows what came of it. A step that
is undone while its outcome is unknown makes sure that nothing comes of it later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid5

from monolith.catalog.contract import Variant, catalog
from monolith.inventory.contract import (
    InsufficientStock,
    InvalidTransition,
    Reservation,
    ReservationExpired,
    UnknownSku,
    inventory,
)
from monolith.inventory.contract import Line as StockLine
from monolith.kernel.money import Money
from monolith.orders.contract import FulfilmentStatus, RejectReason
from monolith.orders.contract import OrderStatus as Status
from monolith.orders.contract import PaymentStatus as Paid
from monolith.orders.saga.table import Done, Later, Outcome, Refused, Side, Situation, Step, Table
from monolith.payments.contract import (
    AmountTooLarge,
    InvalidPaymentMethod,
    Payment,
    PaymentStatus,
    RefundStatus,
    UnknownPayment,
    payments,
)
from monolith.payments.contract import OutOfBounds as PaymentOutOfBounds
from monolith.risk.contract import Facts, Kind, risk
from monolith.risk.contract import Outcome as RiskOutcome
from monolith.shipping.contract import (
    Address,
    AddressInvalid,
    InvalidOption,
    Item,
    NotCancellable,
    Promise,
    QuoteExpired,
    Shipment,
    ShipmentStatus,
    ShippingError,
    shipping,
)
from monolith.shipping.contract import OutOfBounds as ShippingOutOfBounds
from strangler.contract import CommandKeyReused
from strangler.transport.errors import RemoteCallError

PAYMENT_ATTEMPT = 1
RESERVED_S = 1_800
"""How long stock is set aside before the pivot: longer than everything before it may take together."""
SECURED_S = 6 * 86_400 + 43_200
"""How long it is set aside after the pivot: longer than a carrier may take to fetch it."""
IN_FLIGHT_S = 15.0
"""So long after a step was begun, nothing that it asks can arrive any more: the deadline of its turn is earlier."""
_ASK_AGAIN_S = 1.0
_CUSTOMER_S = 5.0
_PICKUP_S = 30.0
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_WEIGHT_G, _SIDE_MM = 500, 100
"""Of what the catalog does not say how heavy or large it is."""
_BEFORE_PICKUP = (ShipmentStatus.DRAFT, ShipmentStatus.LABEL_CREATED)


def check_prices(s: Situation) -> Outcome:
    """What the customer has seen is what it costs."""
    found = {variant.sku: variant for variant in catalog().variants_by_sku(skus=tuple(line.sku for line in s.lines))}
    for line in s.lines:
        variant = found.get(line.sku)
        if variant is None or not variant.for_sale:
            return Refused(f"{line.sku} is not for sale.", RejectReason.PRICE_CHANGED)
        if variant.price != Money(line.unit_price_minor, s.order.currency):
            return Refused(f"{line.sku} costs {variant.price} now.", RejectReason.PRICE_CHANGED)
    measures = [item_of(found[line.sku], line.qty) for line in s.lines]
    return Done(learnt={"items": [[i.sku, i.qty, i.weight_g, i.length_mm, i.width_mm, i.height_mm] for i in measures]})


def reserve_stock(s: Situation) -> Outcome:
    """All units are set aside, or none."""
    try:
        held = _reserved(s)
    except (InsufficientStock, UnknownSku) as refusal:
        return Refused(str(refusal), RejectReason.OUT_OF_STOCK)
    return Done(learnt={"reservation_id": str(held.id)})


def release_stock(s: Situation) -> Outcome:
    """
    The units are free again.

    Where the outcome is unknown, reserving is repeated and then undone: an order has one reservation, ever, so that
    nothing can be set aside any more by a request that is still under way.
    """
    try:
        reservation_id = UUID(s.context["reservation_id"]) if "reservation_id" in s.context else _reserved(s).id
        inventory().release(reservation_id=reservation_id, reason="order given up")
    except (InsufficientStock, UnknownSku, ReservationExpired):
        pass
    return Done()


def choose_shipping(s: Situation) -> Outcome:
    """
    The option that the customer has chosen is for this address and these goods, and costs what it did.

    What shipping has said of it when the order was placed is enough while it does not answer: it honours that.
    """
    try:
        promise = shipping().promise(option_id=s.order.shipping_option_id, to=address_of(s), items=items_of(s))
    except RemoteCallError:
        if "promised" not in s.context:
            raise
        return Done(learnt=s.context["promised"])
    except QuoteExpired as refusal:
        return Refused(str(refusal), RejectReason.PRICE_CHANGED)
    except (AddressInvalid, InvalidOption, ShippingOutOfBounds) as refusal:
        return Refused(str(refusal), RejectReason.UNDELIVERABLE)
    if promise.price != s.order.money(s.order.shipping_minor):
        return Refused(f"It costs {promise.price} to send it.", RejectReason.PRICE_CHANGED)
    return Done(learnt=carrying(promise))


def check_risk(s: Situation) -> Outcome:
    """Nobody buys whom the rules decline; what they leave to a person, an operator lets go on."""
    facts = Facts(
        account=str(s.order.customer_id),
        amount=s.order.total,
        items=sum(line.qty for line in s.lines),
        shipping_country=s.order.shipping_address["country"],
        billing_country=s.order.billing_address["country"],
    )
    decision = risk().decide(kind=Kind.ORDER, subject_id=s.order.id, facts=facts)
    why = "; ".join(reason.text for reason in decision.reasons)
    if decision.outcome is RiskOutcome.DECLINE:
        return Refused(why, RejectReason.RISK_DECLINED)
    if decision.outcome is RiskOutcome.REVIEW and not s.context.get("reviewed"):
        return Refused(f"To be reviewed: {why}")
    return Done()


def authorize_payment(s: Situation) -> Outcome:
    """The total is set aside on the customer's card."""
    try:
        paid = _payment(s)
    except UnknownPayment:
        try:
            payments().authorize(
                order_id=s.order.id,
                attempt=PAYMENT_ATTEMPT,
                customer=str(s.order.customer_id),
                amount=s.order.total,
                payment_method=s.payment_method,
            )
        except (AmountTooLarge, InvalidPaymentMethod, PaymentOutOfBounds) as refusal:
            return Refused(str(refusal), RejectReason.PAYMENT_DECLINED)
        paid = _payment(s)
    if paid.status in (PaymentStatus.REQUIRES_CAPTURE, PaymentStatus.SUCCEEDED):
        return Done(learnt={"authorized": True}, columns={"payment_status": Paid.AUTHORIZED.value, "action_url": ""})
    if paid.status is PaymentStatus.REQUIRES_ACTION:
        return Later(_CUSTOMER_S, "The customer is asked who they are.", {"action_url": paid.action_url})
    if paid.status is PaymentStatus.PROCESSING:
        return Later(_ASK_AGAIN_S, "The provider has not answered.")
    why = paid.failure.message if paid.failure else f"The payment is {paid.status}."
    return Refused(why, RejectReason.PAYMENT_DECLINED)


def undo_payment(s: Situation) -> Outcome:
    """
    Nothing is set aside, and nothing is kept.

    An authorisation that is under way is given up: payments find out what came of it, and undo that. One that has not
    arrived is waited for until it can no longer arrive.
    """
    try:
        paid = _payment(s)
        if paid.status not in (PaymentStatus.CANCELED, PaymentStatus.SUCCEEDED):
            payments().void(order_id=s.order.id, attempt=PAYMENT_ATTEMPT, reason="order given up")
            paid = _payment(s)
    except UnknownPayment:
        left_s = IN_FLIGHT_S - (s.now - s.acted_at).total_seconds()
        return Done() if left_s <= 0 else Later(left_s, "An authorisation may be under way.")
    if paid.status is PaymentStatus.CANCELED:
        was = Paid.VOIDED if s.context.get("authorized") else Paid.NONE
        return Done(columns={"payment_status": was.value, "action_url": ""})
    if paid.status is PaymentStatus.SUCCEEDED:
        return give_back(s, paid.captured - paid.refunded, "order given up")
    return Later(_ASK_AGAIN_S, "The provider has not given it up.")


def secure_stock(s: Situation) -> Outcome:
    """The units stay set aside until the order has left: with that, everything can be kept that is promised."""
    until = s.now + timedelta(seconds=SECURED_S)
    try:
        inventory().extend(reservation_id=UUID(s.context["reservation_id"]), until=until)
    except (ReservationExpired, InvalidTransition) as refusal:
        return Refused(str(refusal), RejectReason.OUT_OF_STOCK)
    return Done()


def create_shipment(s: Situation) -> Outcome:
    """Shipping knows what to send; if the quote has expired by now, at the price of the day and at our cost."""
    said = {"order_id": s.order.id, "to": address_of(s), "items": items_of(s), "customer_id": s.order.customer_id}
    try:
        try:
            made = shipping().create(**said, option_id=s.order.shipping_option_id)
        except (QuoteExpired, CommandKeyReused):  # it was repeated by carrier and service before
            made = shipping().create(**said, carrier=s.context["carrier"], service=s.context["service"])
    except ShippingError as refusal:
        return Refused(str(refusal))
    return Done(learnt={"shipment_id": str(made.id)})


def cancel_shipment(s: Situation) -> Outcome:
    """The shipment is stopped; a carrier that has it already goes on."""
    made = _shipment(s)
    if made is None:
        left_s = IN_FLIGHT_S - (s.now - s.acted_at).total_seconds()
        return Done() if left_s <= 0 else Later(left_s, "A shipment may be under way.")
    try:
        shipping().cancel(shipment_id=made.id, reason="order cancelled")
    except NotCancellable as refusal:
        return Refused(str(refusal))
    return Done()


def await_pickup(s: Situation) -> Outcome:
    """A carrier has it."""
    made = shipping().shipment(shipment_id=UUID(s.context["shipment_id"]))
    if made.status in _BEFORE_PICKUP:
        return Later(_PICKUP_S, "No carrier has it yet.")
    if made.status is ShipmentStatus.CANCELLED:
        return Refused("Its shipment was cancelled: make another one, or give the order up.")
    return Done(columns={"fulfilment_status": FulfilmentStatus.FULFILLED.value}, facts={"shipment_id": made.id})


def capture_payment(s: Situation) -> Outcome:
    """The money is taken."""
    paid = _payment(s)
    if paid.status is PaymentStatus.REQUIRES_CAPTURE:
        payments().capture(order_id=s.order.id, attempt=PAYMENT_ATTEMPT)
        paid = _payment(s)
    if paid.status is PaymentStatus.SUCCEEDED:
        return Done(columns={"payment_status": Paid.PAID.value})
    if paid.status in (PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_CAPTURE):
        return Later(_ASK_AGAIN_S, "The provider has not answered.")
    return Refused(f"The payment is {paid.status}: ask the customer for another one.")


def commit_stock(s: Situation) -> Outcome:
    """The units have left the warehouse."""
    try:
        inventory().commit(reservation_id=UUID(s.context["reservation_id"]))
    except (ReservationExpired, InvalidTransition) as refusal:
        return Refused(f"{refusal} Correct the stock by hand.")
    return Done()


CHECKOUT: Table = (
    Step("price_check", Side.BEFORE, 2 * _MINUTE, check_prices),
    Step("reserve_stock", Side.BEFORE, 2 * _MINUTE, reserve_stock, release_stock, reaches=Status.STOCK_RESERVED),
    Step("choose_shipping", Side.BEFORE, 2 * _MINUTE, choose_shipping),
    Step("risk_check", Side.BEFORE, 2 * _MINUTE, check_risk),
    Step("authorize_payment", Side.BEFORE, 15 * _MINUTE, authorize_payment, undo_payment, Status.PAYMENT_AUTHORIZED),
    Step("secure_stock", Side.BEFORE, 2 * _MINUTE, secure_stock),
    Step("confirm", Side.PIVOT, 2 * _MINUTE, reaches=Status.CONFIRMED),
    Step("create_shipment", Side.AFTER, 60 * _MINUTE, create_shipment, cancel_shipment),
    Step("await_pickup", Side.AFTER, 6 * _DAY, await_pickup, reaches=Status.SHIPPED),
    Step("capture_payment", Side.AFTER, 60 * _MINUTE, capture_payment),
    Step("commit_stock", Side.AFTER, 60 * _MINUTE, commit_stock),
)
"""Names, order and sides of the steps are what running sagas remember: change them as you would change a table."""


def give_back(s: Situation, amount: Money, why: str) -> Outcome:
    """Have money given back once, by the key of the step."""
    refund_id = uuid5(s.order.id, s.key)
    if amount.amount:
        payments().refund(refund_id=refund_id, order_id=s.order.id, attempt=PAYMENT_ATTEMPT, amount=amount, reason=why)
        status = payments().refund_of(refund_id=refund_id).status
        if status is RefundStatus.PENDING:
            return Later(_ASK_AGAIN_S, "The provider has not given the money back.")
        if status is RefundStatus.FAILED:
            return Refused("The provider does not give the money back.")
    refunded = _payment(s).refunded
    whole = refunded == s.order.total
    return Done(
        columns={
            "refunded_minor": refunded.amount,
            "payment_status": (Paid.REFUNDED if whole else Paid.PARTIALLY_REFUNDED).value,
        }
    )


def carrying(promise: Promise) -> dict[str, str]:
    """Return who carries it and how, as later steps know it."""
    return {"carrier": promise.carrier, "service": promise.service}


def item_of(variant: Variant, qty: int) -> Item:
    """Return how a variant is sent, packed."""
    dims = variant.dims_mm
    return Item(
        sku=variant.sku,
        qty=qty,
        weight_g=variant.weight_g or _WEIGHT_G,
        length_mm=dims.length if dims else _SIDE_MM,
        width_mm=dims.width if dims else _SIDE_MM,
        height_mm=dims.height if dims else _SIDE_MM,
    )


def items_of(s: Situation) -> tuple[Item, ...]:
    """Return what is to be sent, as the catalog measured it when prices were checked."""
    rows: Sequence[tuple[str, int, int, int, int, int]] = s.context["items"]
    return tuple(
        Item(sku=sku, qty=qty, weight_g=weight, length_mm=length, width_mm=width, height_mm=height)
        for sku, qty, weight, length, width, height in rows
    )


def address_of(s: Situation) -> Address:
    """Return where it goes."""
    return Address(**s.order.shipping_address)


def _reserved(s: Situation) -> Reservation:
    lines = tuple(StockLine(sku=line.sku, qty=line.qty) for line in s.lines)
    return inventory().reserve(order_id=s.order.id, lines=lines, ttl_s=RESERVED_S, allow_split=True)


def _payment(s: Situation) -> Payment:
    return payments().payment(order_id=s.order.id, attempt=PAYMENT_ATTEMPT)


def _shipment(s: Situation) -> Shipment | None:
    if "shipment_id" in s.context:
        return shipping().shipment(shipment_id=UUID(s.context["shipment_id"]))
    return next(iter(shipping().shipments(order_id=s.order.id)), None)
