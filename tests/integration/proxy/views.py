"""Views as applications write them, well and badly, over the tables of `tests.sample`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from django.contrib.auth import authenticate, get_user_model, login
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path

from strangler.fence import external_effect
from strangler.proxy.identity import read_identity
from tests.sample.models import Shelf

# What happens in the middle of a view; a test puts a switch there.
midway: list[Callable[[], None]] = []


def _midway() -> None:
    while midway:
        midway.pop()()


def count(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"shelves": Shelf.objects.count()})


def search(request: HttpRequest) -> HttpResponse:
    """A read by POST."""
    return JsonResponse({"q": request.POST.get("q"), "shelves": Shelf.objects.count()})


def create(request: HttpRequest) -> HttpResponse:
    _midway()
    with transaction.atomic():
        shelf = Shelf.objects.create(name=request.POST["name"])
    return JsonResponse({"id": shelf.pk}, status=201)


def create_from_json(request: HttpRequest) -> HttpResponse:
    document = json.loads(request.body)
    _midway()
    with transaction.atomic():
        Shelf.objects.create(name=document["name"])
    return JsonResponse(document, status=201)


def create_from_upload(request: HttpRequest) -> HttpResponse:
    upload = request.FILES["file"]
    assert isinstance(upload, UploadedFile)
    name = upload.read().decode()
    _midway()
    with transaction.atomic():
        Shelf.objects.create(name=name)
    return JsonResponse({"name": name}, status=201)


def two_commits(request: HttpRequest) -> HttpResponse:
    """Not one atomic block, which a check warns of."""
    Shelf.objects.create(name="first")
    _midway()
    Shelf.objects.create(name="second")
    return HttpResponse(status=201)


def swallow(request: HttpRequest) -> HttpResponse:
    try:
        Shelf.objects.create(name="swallowed")
    except (DatabaseError, Exception):
        return JsonResponse({"done": True})
    return HttpResponse(status=201)


def effect(request: HttpRequest) -> HttpResponse:
    external_effect()
    Shelf.objects.create(name="paid")
    return HttpResponse(status=201)


def refuse(request: HttpRequest) -> HttpResponse:
    """A business answer made without any transaction."""
    _midway()
    return JsonResponse({"error": "no such shelf"}, status=404)


def size(request: HttpRequest) -> HttpResponse:
    """Read the content piece by piece."""
    total = 0
    while piece := request.read(65536):
        total += len(piece)
    _midway()
    with transaction.atomic():
        Shelf.objects.create(name=f"{total} bytes")
    return JsonResponse({"bytes": total}, status=201)


def never_reads(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        Shelf.objects.create(name="unread")
    return HttpResponse(status=201)


def seen(request: HttpRequest) -> HttpResponse:
    """What a view of this home knows of the client."""
    return JsonResponse(
        {
            "host": request.get_host(),
            "secure": request.is_secure(),
            "client": request.META.get("REMOTE_ADDR"),
            "absolute": request.build_absolute_uri("/next"),
            "reserved": sorted(key for key in request.META if key.startswith("HTTP_STRANGLER_")),
        }
    )


def stream(request: HttpRequest) -> HttpResponse:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        yield b"b"

    return StreamingHttpResponse(pieces())  # type: ignore[return-value]


def log_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=403)
    login(request, user)
    return HttpResponse(get_token(request))


def remember(request: HttpRequest) -> HttpResponse:
    request.session["word"] = request.GET["word"]
    return HttpResponse()


def recall(request: HttpRequest) -> HttpResponse:
    """A page with a form, and what this home knows of who asks."""
    identity = request.META.get("HTTP_STRANGLER_IDENTITY")
    return JsonResponse(
        {
            "word": request.session.get("word"),
            "identity": read_identity(identity) if identity else None,
            "token": get_token(request),
        }
    )


def whoami(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"user": getattr(getattr(request, "user", None), "username", None)})


def nobodys(request: HttpRequest) -> HttpResponse:
    """No route claims it, and yet it writes."""
    try:
        Shelf.objects.create(name="astray")
    except (DatabaseError, Exception):
        return JsonResponse({"done": True})
    return HttpResponse(status=201)


def make_user(request: HttpRequest) -> HttpResponse:
    """Writes rows of another capability."""
    get_user_model().objects.create(username="astray")
    return HttpResponse(status=201)


urlpatterns = [
    path("sample/count", count),
    path("sample/search", search),
    path("sample/create", create),
    path("sample/json", create_from_json),
    path("sample/upload", create_from_upload),
    path("sample/two-commits", two_commits),
    path("sample/swallow", swallow),
    path("sample/effect", effect),
    path("sample/refuse", refuse),
    path("sample/size", size),
    path("sample/never-reads", never_reads),
    path("sample/seen", seen),
    path("sample/stream", stream),
    path("sample/make-user", make_user),
    path("sample/whoami", whoami),
    path("sample/recall", recall),
    path("remember", remember),
    path("login", log_in),
    path("whoami", whoami),
    path("nobodys", nobodys),
    path("stream", stream),
]
