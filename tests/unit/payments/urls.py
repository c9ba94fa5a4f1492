"""Payments as a host mounts them."""

from django.urls import include, path

urlpatterns = [path("api/payments/", include("monolith.payments.urls"))]
