"""Sessions, CSRF and login on both sides of a route, through two real homes (R22)."""

import http.client
import json
from contextlib import closing
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from tests.integration.proxy.servers.conftest import free_port, start, stop


class Browser:
    """Keeps cookies and says where it comes from, as browsers do."""

    def __init__(self, port):
        self.port = port
        self.cookies = SimpleCookie()

    def ask(self, method, path, form=None, **fields):
        sent = {"Host": "shop.example", "Origin": "http://shop.example", **fields}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{m.key}={m.value}" for m in self.cookies.values())
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, urlencode(form) if form is not None else None, sent)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                self.cookies.load(line)
            return response, response.read()

    def get(self, path):
        response, body = self.ask("GET", path)
        return response.headers["Strangler-Home"], json.loads(body)


class Address:
    """What `start` asks of an upstream."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    service, service_port = start(
        "granian", tmp_path_factory.mktemp("service"), Address(free_port()), SERVERS_HOST="sample"
    )
    monolith, port = start("granian", tmp_path_factory.mktemp("monolith"), Address(service_port))
    yield port
    stop(monolith)
    stop(service)


def test_session_is_the_same_in_both_homes(homes):
    browser = Browser(homes)
    browser.ask("GET", "/remember?word=fig")
    home, page = browser.get("/sample/recall")
    assert (home, page["word"]) == ("service", "fig")


def test_form_of_the_service_passes_the_csrf_check(homes):
    """The token, the Origin and the Host all have to agree behind the hop."""
    browser = Browser(homes)
    _, page = browser.get("/sample/recall")
    response, _ = browser.ask("POST", "/sample/create", {"name": "a", "csrfmiddlewaretoken": page["token"]})
    assert (response.status, response.headers["Strangler-Home"]) == (201, "service")


@pytest.mark.parametrize(
    "forgery",
    [
        {"form": {"name": "b"}},
        {"form": {"name": "b", "csrfmiddlewaretoken": "x" * 64}},
        {"Origin": "http://evil.example"},
    ],
)
def test_forged_form_is_refused_by_the_service(homes, forgery):
    browser = Browser(homes)
    _, page = browser.get("/sample/recall")
    form = forgery.pop("form", {"name": "b", "csrfmiddlewaretoken": page["token"]})
    response, _ = browser.ask("POST", "/sample/create", form, **forgery)
    assert (response.status, response.headers["Strangler-Home"]) == (403, "service")


def test_login_at_the_monolith_is_known_to_the_service(homes):
    browser = Browser(homes)
    assert browser.get("/sample/recall")[1]["identity"] is None
    token = browser.get("/sample/recall")[1]["token"]
    form = {"username": "ann", "password": "secret", "csrfmiddlewaretoken": token}
    assert browser.ask("POST", "/login", form)[0].status == 200
    home, page = browser.get("/sample/recall")
    assert home == "service"
    assert page["identity"] == {
        "sub": "1", "name": "ann", "staff": True, "superuser": True, "scopes": ["sample:read", "sample:write"],
    }  # fmt: skip
