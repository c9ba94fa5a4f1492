"""The payments' admin: what people look at; money is moved over the same services as REST, with a reason."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from monolith.payments.models import (
    Dispute,
    PaymentAttempt,
    PaymentEvent,
    PaymentIntent,
    Reconciliation,
    Refund,
    WebhookEvent,
)
from monolith.payments.services import intents
from strangler.hosting.admin import ShownAdmin, ShownInline


class _Looked(ShownAdmin):
    """Rows that nobody edits."""

    capability = "payments"
    elsewhere = "/api/payments/docs"


class _Events(ShownInline):
    model = PaymentEvent
    fields = ("sequence", "at", "kind", "amount", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "what happened"


class _Attempts(ShownInline):
    model = PaymentAttempt
    fields = ("created_at", "operation", "provider", "amount", "state", "unknown", "tries", "due_at")
    verbose_name_plural = "asked of providers"


class _Refunds(ShownInline):
    model = Refund
    fields = ("created_at", "amount", "status", "reason")


@admin.register(PaymentIntent)
class PaymentIntentAdmin(_Looked):
    """Payments; one that nothing was taken of can be given up."""

    list_display = ("id", "order_id", "attempt", "customer", "status", "amount", "currency", "provider", "created_at")
    list_filter = ("status", "provider")
    search_fields = ("id__exact", "order_id__exact", "customer__exact")
    ordering = ("-created_at",)
    exclude = ("payment_method",)
    inlines = (_Events, _Attempts, _Refunds)
    actions = ("cancel",)

    @admin.action(description="Give up", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[PaymentIntent]) -> None:
        """Give up each that can be."""
        said = {"actor": str(request.user.pk), "reason": "by hand"}
        self.each(request, queryset, lambda row: intents.intent_cancel(intent_id=row.id, **said))


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(_Looked):
    """What was asked of providers; what is unknown, first."""

    list_display = ("created_at", "operation", "provider", "amount", "state", "unknown", "tries", "due_at")
    list_filter = ("state", "unknown", "operation", "provider")
    search_fields = ("key__startswith", "intent__id__exact")
    ordering = ("-unknown", "-created_at")


@admin.register(WebhookEvent)
class WebhookEventAdmin(_Looked):
    """What providers have told."""

    list_display = ("received_at", "provider", "type", "event_id", "processed_at", "note")
    list_filter = ("provider", "type")
    search_fields = ("event_id__exact",)
    ordering = ("-received_at",)


@admin.register(Dispute)
class DisputeAdmin(_Looked):
    """What customers' banks ask back."""

    list_display = ("opened_at", "intent", "amount", "reason", "status", "provider")
    list_filter = ("status", "provider")
    ordering = ("-opened_at",)


@admin.register(Reconciliation)
class ReconciliationAdmin(_Looked):
    """Comparisons with providers' books."""

    list_display = ("created_at", "provider", "day", "compared", "differences", "error", "finished_at")
    list_filter = ("provider",)
    ordering = ("-created_at",)
