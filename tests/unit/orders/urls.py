"""Orders as a host mounts them."""

from django.urls import include, path

urlpatterns = [path("api/orders/", include("monolith.orders.urls"))]
