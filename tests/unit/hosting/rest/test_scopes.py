"""Reading is open, writing is closed, unless a view says otherwise."""

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from strangler.hosting.rest.views import RestView


class Somebody:
    is_authenticated = True

    def __init__(self, *scopes):
        self.scopes = frozenset(scopes)


class Guarded(RestView):
    authentication_classes = ()
    scopes = {"POST": "x:write", "GET": "x:read"}

    def get(self, request):
        return Response({})

    post = put = get


class Open(Guarded):
    scopes = {}


@pytest.mark.parametrize(
    ("view", "method", "scopes", "status"),
    [
        (Guarded, "get", ("x:read",), 200),
        (Guarded, "get", ("x:write",), 403),
        (Guarded, "get", None, 403),
        (Guarded, "post", ("x:write", "y"), 200),
        (Guarded, "post", ("x:read", "x:write2"), 403),
        (Guarded, "put", ("x:read", "x:write"), 403),  # forgotten entry: nobody
        (Open, "get", None, 200),
        (Open, "options", None, 200),
        (Open, "post", ("x:write",), 403),
    ],
)
def test_method_asks_for_its_scope(view, method, scopes, status):
    request = getattr(APIRequestFactory(), method)("/")
    if scopes is not None:
        force_authenticate(request, Somebody(*scopes))
    assert view.as_view()(request).status_code == status
