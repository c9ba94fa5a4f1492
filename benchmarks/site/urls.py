from django.http import HttpRequest, HttpResponse
from django.urls import path

BODY = b"x" * 1024


def trivial(request: HttpRequest) -> HttpResponse:
    return HttpResponse(BODY, content_type="application/octet-stream", headers={"Content-Length": "1024"})


urlpatterns = [path("plain/", trivial), path("routed/", trivial)]
