"""URLs of orders, mounted under `api/orders/`."""

from __future__ import annotations

from django.urls import path

from monolith.orders.views import carts, orders, sagas
from strangler.hosting.rest.openapi import documented

_routes = [
    path("carts", carts.CartsView.as_view()),
    path("carts/<uuid:cart_id>", carts.OneCartView.as_view()),
    path("carts/<uuid:cart_id>:merge", carts.MergeView.as_view()),
    path("carts/<uuid:cart_id>/lines/<str:sku>", carts.CartLineView.as_view()),
    path("carts/<uuid:cart_id>/shipping-options", carts.ShippingOptionsView.as_view()),
    path("orders", orders.AllOrdersView.as_view()),
    path("orders/<uuid:order_id>", orders.OrderView.as_view()),
    path("orders/<uuid:order_id>:cancel", orders.CancelView.as_view()),
    path("orders/<uuid:order_id>/returns", orders.ReturnsView.as_view()),
    path("orders/<uuid:order_id>/history", orders.HistoryView.as_view()),
    path("orders/<uuid:order_id>/saga", orders.OrderSagaView.as_view()),
    path("sagas", sagas.SagasView.as_view()),
    path("sagas/<uuid:saga_id>", sagas.SagaView.as_view()),
    path("sagas/<uuid:saga_id>:retry", sagas.RetryView.as_view()),
    path("sagas/<uuid:saga_id>:compensate", sagas.CompensateView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/orders/", title="Orders", name="orders")
