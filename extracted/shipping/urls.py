"""URLs of shipping, mounted under `api/shipping/`."""

from __future__ import annotations

from django.urls import path

from extracted.shipping.views import quotes, shipments, tracking
from strangler.hosting.rest.openapi import documented

_routes = [
    path("quotes", quotes.QuotesView.as_view()),
    path("shipments", shipments.ShipmentsView.as_view()),
    path("shipments/<uuid:shipment_id>", shipments.ShipmentView.as_view()),
    path("shipments/<uuid:shipment_id>:buy-label", shipments.BuyLabelView.as_view()),
    path("shipments/<uuid:shipment_id>:cancel", shipments.CancelView.as_view()),
    path("shipments/<uuid:shipment_id>/tracking", shipments.TrackingView.as_view()),
    path("shipments/<uuid:shipment_id>/returns", shipments.ReturnsView.as_view()),
    path("track/<str:tracking_number>", tracking.TrackView.as_view()),
    path("webhooks/<slug:carrier>", tracking.WebhooksView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/shipping/", title="Shipping", name="shipping")
