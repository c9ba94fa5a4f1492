"""The public keys by which every host verifies the platform's tokens."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

NO_KEYS = {"keys": []}


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Answer the key set (RFC 7517 5); an empty one while no key was made."""
    file = Path(settings.STRANGLER["SUBJECT_JWKS"])
    headers = {"Cache-Control": "public, max-age=300"}
    if not file.exists():
        return JsonResponse(NO_KEYS, headers=headers)
    return HttpResponse(file.read_bytes(), content_type="application/jwk-set+json", headers=headers)
