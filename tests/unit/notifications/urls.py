"""Notifications as a host mounts them."""

from django.urls import include, path

urlpatterns = [path("api/notifications/", include("monolith.notifications.urls"))]
