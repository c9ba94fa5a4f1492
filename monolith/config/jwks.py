"""The public keys by which every host verifies the platform's tokens."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from strangler.hosting.keyring import published


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Answer the key set, where clients look for it first (RFC 8615)."""
    return published()
