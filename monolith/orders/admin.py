"""The admin of orders: what was ordered, how each checkout goes, and the queue of sagas that wait for a person."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monolith.orders.contract import SagaState
from monolith.orders.models import Cart, CartLine, Order, OrderLine, OrderStatusHistory, Saga, SagaStepLog
from monolith.orders.saga.engine import TABLES
from monolith.orders.saga.table import Side
from monolith.orders.services import orders, sagas
from strangler.hosting.admin import ShownAdmin, ShownInline

_COLOURS = {
    "done": "#2e7d32", "begun": "#1565c0", "later": "#1565c0", "refused": "#b26a00", "failed": "#c62828",
    "undone": "#6a1b9a", "": "#9e9e9e",
}  # fmt: skip
_STATES = {
    SagaState.RUNNING: "#1565c0", SagaState.COMPENSATING: "#6a1b9a", SagaState.COMPLETED: "#2e7d32",
    SagaState.COMPENSATED: "#757575", SagaState.FAILED_NEEDS_OPERATOR: "#c62828",
}  # fmt: skip


class _OrdersAdmin(ShownAdmin):
    """What happened is looked at; people act on it, over the same services as REST."""

    capability = "orders"
    elsewhere = "/api/orders/docs"


class _Lines(ShownInline):
    model = OrderLine
    fields = ("sku", "name", "qty", "unit_price_minor", "total_minor", "returned_qty")


class _History(ShownInline):
    model = OrderStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


@admin.register(Order)
class OrderAdmin(_OrdersAdmin):
    """Orders; those that have not left can be cancelled."""

    list_display = ("number", "status", "payment_status", "fulfilment_status", "costs", "checkout", "placed_at")
    list_filter = ("status", "payment_status", "fulfilment_status", "reject_reason")
    list_select_related = ("saga",)
    search_fields = ("number__iexact", "id__exact", "customer_id__exact")
    date_hierarchy = "placed_at"
    ordering = ("-placed_at", "-id")
    readonly_fields = ("costs", "checkout")
    inlines = (_Lines, _History)
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("saga__log")

    @admin.display(description="total")
    def costs(self, row: Order) -> str:
        """The total as people read it."""
        return str(row.total)

    @admin.display(description="checkout")
    def checkout(self, row: Order) -> SafeString:
        """Its saga, step by step."""
        return _strip(row.saga) if hasattr(row, "saga") else format_html("{}", "none")

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Give up each that can be."""
        said = {"actor": str(request.user.pk), "reason": "by hand"}
        self.each(request, queryset, lambda row: orders.order_cancel(order_id=row.id, **said))


class _Log(ShownInline):
    model = SagaStepLog
    fields = ("begun_at", "direction", "step", "outcome", "tries", "detail", "key", "ended_at")
    verbose_name_plural = "log"


class _Waits(admin.SimpleListFilter):
    """The operators' queue first: whoever opens the page sees what waits for them."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("operator", "waits for a person"), ("late", "past its deadline"), ("active", "under way")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        active = queryset.filter(state__in=(SagaState.RUNNING, SagaState.COMPENSATING))
        match self.value():
            case "operator":
                return queryset.filter(state=SagaState.FAILED_NEEDS_OPERATOR)
            case "late":
                return active.filter(deadline_at__lt=timezone.now())
            case "active":
                return active
        return queryset


@admin.register(Saga)
class SagaAdmin(_OrdersAdmin):
    """Sagas; one that waits for a person goes on, or is undone."""

    list_display = ("order", "state_shown", "strip", "error", "next_run_at", "deadline_at")
    list_filter = (_Waits, "state", "kind", "step")
    list_select_related = ("order",)
    search_fields = ("id__exact", "order__number__iexact", "order__id__exact")
    ordering = ("-created_at", "-id")
    exclude = ("payment_method",)
    readonly_fields = ("state_shown", "strip")
    inlines = (_Log,)
    actions = ("retry", "compensate")

    @admin.display(description="state", ordering="state")
    def state_shown(self, row: Saga) -> SafeString:
        """The state, in its colour."""
        return format_html('<b style="color: {}">{}</b>', _STATES[SagaState(row.state)], row.state.replace("_", " "))

    @admin.display(description="steps")
    def strip(self, row: Saga) -> SafeString:
        """Each step of its table, in the colour of what came of it."""
        return _strip(row)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("log")

    @admin.action(description="Let it go on (what was to be reviewed counts as approved)", permissions=["act"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Saga]) -> None:
        """Let each that waits go on where it stopped."""
        actor = str(request.user.pk)
        self.each(request, queryset, lambda row: sagas.saga_retry(saga_id=row.id, actor=actor))

    @admin.action(description="Undo it", permissions=["act"])
    def compensate(self, request: HttpRequest, queryset: QuerySet[Saga]) -> None:
        """Undo each that waits."""
        said = {"actor": str(request.user.pk), "reason": "by hand"}
        self.each(request, queryset, lambda row: sagas.saga_compensate(saga_id=row.id, **said))


class _CartLines(ShownInline):
    model = CartLine
    fields = ("sku", "qty")


@admin.register(Cart)
class CartAdmin(_OrdersAdmin):
    """Carts; the secret of one that is nobody's is not shown."""

    list_display = ("id", "customer_id", "currency", "order_id", "expires_at")
    search_fields = ("id__exact", "customer_id__exact")
    exclude = ("token_sha256",)
    ordering = ("-created_at",)
    inlines = (_CartLines,)


def _strip(saga: Saga) -> SafeString:
    """One mark for each step: what came of it, or that it was undone; the pivot is a bar."""
    said: dict[str, tuple[str, str]] = {}
    for one in saga.log.all():
        undone = one.direction == SagaStepLog.Direction.COMPENSATION and one.outcome == SagaStepLog.Outcome.DONE
        said[one.step] = ("undone" if undone else one.outcome, one.detail)
    marks = []
    for step in TABLES[saga.kind]:
        outcome, detail = said.get(step.name, ("", ""))
        title = ": ".join(word for word in (step.name.replace("_", " "), outcome, detail) if word)
        mark = "❙" if step.side is Side.PIVOT else "◉" if step.name == saga.step else "●"
        marks.append((_COLOURS[outcome], title, mark))
    return format_html_join("", '<span style="color: {}; cursor: help" title="{}">{}</span> ', marks)
