"""The storefront's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

# The page loads nothing from anywhere else, and says so.
_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Answer the shop; products come to it by the catalog's REST, like to any other client."""
    response = render(request, "storefront/shop.html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response
