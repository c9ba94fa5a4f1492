"""What every host answers, a view that takes its time, and two that tell what is going on."""

import time

from django.http import HttpResponse, JsonResponse
from django.urls import path

from strangler.hosting.urls import health_urls

_in_progress = []


def slow(request):
    _in_progress.append(request.path)
    time.sleep(float(request.GET["s"]))
    return HttpResponse("done")


def progress(request):
    return JsonResponse(_in_progress, safe=False)


def headers(request):
    return JsonResponse(dict(request.headers))


urlpatterns = [*health_urls(), path("slow", slow), path("progress", progress), path("headers", headers)]
