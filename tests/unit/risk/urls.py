"""Risk as a host mounts them."""

from django.urls import include, path

urlpatterns = [path("api/risk/", include("monolith.risk.urls"))]
