"""R4: a check names the write routes whose effects are not one atomic block."""

from django.conf import settings
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views import View
from rest_framework.response import Response

from strangler.hosting.checks import check_atomic_writes
from strangler.hosting.rest.views import RestView, one_transaction


class Loose(RestView):
    def get(self, request):
        return Response({})

    def post(self, request):
        return Response({})


class Whole(RestView):
    @one_transaction
    def post(self, request):
        return Response({})


class Plain(View):
    def delete(self, request):
        return HttpResponse()


def function(request):
    return HttpResponse()


inside = [path("loose/<int:pk>", Loose.as_view()), path("whole", Whole.as_view()), path("plain", Plain.as_view())]
urlpatterns = [
    path("sample/", include(inside)),
    path("sample/search", Loose.as_view()),
    path("elsewhere", Loose.as_view()),
]
functions = [path("sample/function", function)]


def warnings():
    with override_settings(ROOT_URLCONF=__name__):
        return [warning.msg for warning in check_atomic_writes(None)]


def test_only_writes_outside_of_an_atomic_block_are_named():
    assert warnings() == [
        "POST /sample/loose/<int:pk> writes 'sample' outside of one atomic block.",
        "DELETE /sample/plain writes 'sample' outside of one atomic block.",
    ]


def test_a_read_by_post_is_no_write():
    assert not [text for text in warnings() if "search" in text]


def test_atomic_requests_are_one_block(monkeypatch):
    for entry in settings.DATABASES.values():
        monkeypatch.setitem(entry, "ATOMIC_REQUESTS", True)
    assert warnings() == []


def test_of_a_function_any_method_may_be_a_write(monkeypatch):
    monkeypatch.setitem(globals(), "urlpatterns", functions)
    from django.urls import clear_url_caches

    clear_url_caches()
    assert len(warnings()) == 4
    clear_url_caches()


def test_the_hint_says_what_to_do():
    with override_settings(ROOT_URLCONF=__name__):
        warning = check_atomic_writes(None)[0]
    assert warning.id == "strangler.W002"
    assert "one_transaction" in warning.hint
