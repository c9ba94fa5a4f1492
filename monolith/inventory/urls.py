"""URLs of the inventory, mounted under `api/inventory/`."""

from __future__ import annotations

from django.urls import path

from monolith.inventory.views import movements, reservations, stock, warehouses
from strangler.hosting.rest.openapi import documented

_routes = [
    path("stock", stock.StockView.as_view()),
    path("stock/<str:sku>", stock.SkuView.as_view()),
    path("stock/<str:sku>/receipts", stock.ReceiptsView.as_view()),
    path("stock/<str:sku>/adjustments", stock.AdjustmentsView.as_view()),
    path("stock/<str:sku>/safety-stock", stock.SafetyStockView.as_view()),
    path("reservations", reservations.ReservationsView.as_view()),
    path("reservations/<uuid:reservation_id>", reservations.ReservationView.as_view()),
    path("reservations/<uuid:reservation_id>:commit", reservations.ReservationCommitView.as_view()),
    path("reservations/<uuid:reservation_id>:release", reservations.ReservationReleaseView.as_view()),
    path("reservations/<uuid:reservation_id>:extend", reservations.ReservationExtendView.as_view()),
    path("transfers", movements.TransfersView.as_view()),
    path("movements", movements.MovementsView.as_view()),
    path("warehouses", warehouses.WarehousesView.as_view()),
    path("warehouses/<slug:code>", warehouses.WarehouseView.as_view()),
]
urlpatterns = documented(_routes, prefix="api/inventory/", title="Inventory", name="inventory")
