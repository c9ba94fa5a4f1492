"""URLs of recommendations, mounted under `api/recommendations/`."""

from __future__ import annotations

from django.urls import re_path

from monolith.kernel.skus import SKU
from monolith.recommendations.views import TogetherView
from strangler.hosting.rest.openapi import documented

_routes = [re_path(rf"^(?P<sku>{SKU})$", TogetherView.as_view())]
urlpatterns = documented(_routes, prefix="api/recommendations/", title="Recommendations", name="recommendations")
