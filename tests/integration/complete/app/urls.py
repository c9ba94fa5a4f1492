from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.integration.complete.app.local import implementation


@csrf_exempt
def parcels(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        with transaction.atomic():
            return JsonResponse({"label": implementation.post(label=request.body.decode())}, status=201)
    return JsonResponse({"labels": implementation.posted()})


urlpatterns = [path("parcels", parcels)]
