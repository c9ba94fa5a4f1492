"""URLs of payments, mounted under `api/payments/`."""

from __future__ import annotations

from django.urls import path

from monolith.payments.views import intents, providers, refunds
from strangler.hosting.rest.openapi import documented

_routes = [
    path("payment-intents", intents.IntentsView.as_view()),
    path("payment-intents/<uuid:intent_id>", intents.IntentView.as_view()),
    path("payment-intents/<uuid:intent_id>:confirm", intents.ConfirmView.as_view()),
    path("payment-intents/<uuid:intent_id>:capture", intents.CaptureView.as_view()),
    path("payment-intents/<uuid:intent_id>:cancel", intents.CancelView.as_view()),
    path("refunds", refunds.RefundsView.as_view()),
    path("refunds/<uuid:refund_id>", refunds.RefundView.as_view()),
    path("providers", providers.ProvidersView.as_view()),
    path("reconciliations", providers.ReconciliationsView.as_view()),
    path("reconciliations/<uuid:reconciliation_id>", providers.ReconciliationView.as_view()),
    path("webhooks/<slug:provider>", providers.WebhooksView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/payments/", title="Payments", name="payments")
