"""A request looks as it did where it entered, in whichever home it ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from strangler.proxy.origin import believe_proxy, restore_origin

SAID = {
    "HTTP_X_FORWARDED_FOR": "203.0.113.66, 198.51.100.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "shop.example",
}


def origin(change: Any, **said: str) -> tuple[str, str, str]:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_HOST="monolith:8000", **said)
    change(request)
    return request.META["REMOTE_ADDR"], request.scheme or "", request.META["HTTP_HOST"]


@pytest.mark.parametrize("change", [believe_proxy, restore_origin])
def test_client_is_whom_the_last_proxy_saw(change: Any) -> None:
    """What stands before it in X-Forwarded-For, a client can have made up."""
    assert origin(change, **SAID) == ("198.51.100.7", "https", "shop.example")


def test_what_a_proxy_does_not_say_stays() -> None:
    assert origin(believe_proxy) == ("10.0.0.1", "http", "monolith:8000")


@pytest.mark.parametrize("garbled", ["unknown", "198.51.100.7:4711", "_hidden", "198.51.100.7, ", "\x00"])
def test_what_is_no_address_is_no_client(garbled: str) -> None:
    """Apps parse it, limit by it, and write it down."""
    assert origin(believe_proxy, HTTP_X_FORWARDED_FOR=garbled)[0] == "10.0.0.1"


def test_scheme_that_nobody_knows_is_not_taken() -> None:
    assert origin(believe_proxy, HTTP_X_FORWARDED_PROTO="javascript")[1] == "http"


def test_address_of_version_6_is_a_client() -> None:
    assert origin(believe_proxy, HTTP_X_FORWARDED_FOR="2001:db8::7")[0] == "2001:db8::7"
