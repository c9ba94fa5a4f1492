"""The contract over this app's own rows."""

from __future__ import annotations

from uuid import UUID

from monolith.kernel.money import Money
from monolith.orders import selectors
from monolith.orders.contract import (
    Address,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    PaymentStatus,
    RejectReason,
    Saga,
    SagaState,
    SagaStep,
    WantedLine,
)
from monolith.orders.models import Order as OrderRow
from monolith.orders.models import Saga as SagaRow
from monolith.orders.services import orders
from monolith.orders.services.orders import NewOrder

_ACTOR = "contract"


class LocalOrders:
    """Implements `Orders`."""

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
        new = NewOrder(
            order_id=order_id, customer_id=customer_id, lines=lines, shipping=shipping,
            shipping_option_id=shipping_option_id, address=address, payment_method=payment_method,
        )  # fmt: skip
        orders.order_place(new=new, actor=_ACTOR)
        return self.order(order_id=order_id)

    def cancel(self, *, order_id: UUID, reason: str = "") -> Order:
        orders.order_cancel(order_id=order_id, actor=_ACTOR, reason=reason)
        return self.order(order_id=order_id)

    def order(self, *, order_id: UUID) -> Order:
        return _order(selectors.order(order_id))

    def orders(self, *, ids: tuple[UUID, ...]) -> tuple[Order, ...]:
        return tuple(_order(row) for row in selectors.orders_of(ids))

    def saga(self, *, order_id: UUID) -> Saga:
        return _saga(selectors.saga_of(order_id))


implementation = LocalOrders()


def _order(row: OrderRow) -> Order:
    return Order(
        id=row.id,
        number=row.number,
        customer_id=row.customer_id,
        status=OrderStatus(row.status),
        payment_status=PaymentStatus(row.payment_status),
        fulfilment_status=FulfilmentStatus(row.fulfilment_status),
        subtotal=row.money(row.subtotal_minor),
        discount=row.money(row.discount_minor),
        shipping=row.money(row.shipping_minor),
        tax=row.money(row.tax_minor),
        total=row.total,
        lines=tuple(
            OrderLine(
                sku=line.sku,
                qty=line.qty,
                name=line.name,
                unit_price=row.money(line.unit_price_minor),
                total=row.money(line.total_minor),
            )
            for line in row.lines.all()
        ),
        reject_reason=RejectReason(row.reject_reason) if row.reject_reason else None,
        cancel_reason=row.cancel_reason,
        action_url=row.action_url,
        placed_at=row.placed_at,
        version=row.version,
    )


def _saga(row: SagaRow) -> Saga:
    return Saga(
        id=row.id,
        order_id=row.order_id,
        state=SagaState(row.state),
        step=row.step,
        attempt=row.attempt,
        deadline_at=row.deadline_at,
        next_run_at=row.next_run_at,
        error=row.error,
        log=tuple(
            SagaStep(
                step=one.step, direction=one.direction, key=one.key, outcome=one.outcome, tries=one.tries,
                detail=one.detail, begun_at=one.begun_at, ended_at=one.ended_at,
            )
            for one in row.log.all()
        ),
    )  # fmt: skip
