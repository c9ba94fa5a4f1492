"""Where reads go, and whose answer they are."""

import json
from contextlib import closing

import pytest
from django.test import Client

from strangler.proxy.hops import read_hop
from strangler.routing import bucket
from strangler.transport import signing
from tests.integration.proxy.conftest import DATABASES, hand_back
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)
THERE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nStrangler-Home: service\r\nStrangler-Version: 9\r\n\r\nthere"


def test_read_at_home_stays_at_home(platform):
    response = platform.client.get("/sample/count")
    assert response.json() == {"shelves": 0}
    assert (response.headers["Strangler-Home"], response.headers["Strangler-Version"]) == ("monolith", "0")


def test_read_is_forwarded_when_the_table_says_so(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(THERE)
    response = platform.client.get("/sample/count?a=1&b=%20")
    assert (response.content, response.headers["Strangler-Home"]) == (b"there", "service")
    assert platform.upstream.only().line == "GET /sample/count?a=1&b=%20 HTTP/1.1"
    assert read_hop(platform.upstream.only().one("Strangler-Hop")).epoch == 2


def test_request_of_nobody_stays_where_it_arrived(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    response = platform.client.get("/whoami")
    assert response.status_code == 200
    assert "Strangler-Home" not in response.headers


def test_marks_can_be_switched_off(platform):
    platform.configure(EXPOSE_HEADERS=False)
    assert "Strangler-Home" not in platform.client.get("/sample/count").headers
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(THERE)
    assert "Strangler-Home" not in platform.client.get("/sample/count").headers


@pytest.mark.parametrize("switching", [True, False])
def test_read_asks_the_row_only_while_the_writer_may_be_changing(platform, switching):
    platform.table_says(switching=switching)
    platform.row_says("service", 2)
    platform.upstream.script(THERE)
    response = platform.client.get("/sample/count")
    assert (response.content == b"there") is switching
    if switching:
        assert read_hop(platform.upstream.only().one("Strangler-Hop")).epoch == 2


def test_read_is_served_here_when_the_other_home_is_not_open_yet(platform):
    platform.table_says(switching=True)
    platform.row_says("service", 2)
    platform.upstream.script(hand_back("monolith", 1))
    assert platform.client.get("/sample/count").json() == {"shelves": 0}


def test_read_by_post_keeps_its_body_when_it_comes_back(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(hand_back("monolith", 3))
    response = platform.client.post("/sample/search", {"q": "shelf"})
    assert response.json() == {"q": "shelf", "shelves": 0}
    assert platform.upstream.only().body


def test_unreachable_home_is_502_without_its_address(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.close()
    response = platform.client.get("/sample/count")
    document = json.loads(response.content)
    assert (response.status_code, document["code"]) == (502, "upstream_unreachable")
    assert document.keys() == {"type", "title", "status", "detail", "code", "instance"}
    assert str(platform.upstream.authority) not in response.content.decode()


def test_slow_home_is_504(platform):
    platform.configure(UPSTREAM_TIMEOUT_S=0.2)
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(lambda c, r: (c.sock.settimeout(0.6), c.sock.recv(1))[1])
    response = platform.client.get("/sample/count")
    assert (response.status_code, json.loads(response.content)["code"]) == (504, "upstream_timed_out")


def test_timeout_of_a_route_wins(platform):
    entry = platform.settings.STRANGLER["CAPABILITIES"]["sample"]
    platform.configure(CAPABILITIES={"sample": {**entry, "routes": [{"prefix": "/sample/", "timeout_s": 0.1}]}})
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(lambda c, r: (c.sock.settimeout(0.5), c.sock.recv(1))[1])
    assert platform.client.get("/sample/count").status_code == 504


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", id="RFC 9112 8 short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="RFC 9112 8 no last chunk"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="RFC 9112 6.3"),
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
    ],
)
def test_unusable_answer_is_502(platform, answer):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(lambda c, r: (c.send(answer), None)[1])
    response = platform.client.get("/sample/count")
    assert (response.status_code, json.loads(response.content)["code"]) == (502, "upstream_bad_reply")


def test_connections_to_the_other_home_are_bounded(platform):
    platform.configure(MAX_UPSTREAM_CONNECTIONS=1)
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
    held = platform.client.get("/sample/count")
    second = platform.client.get("/sample/count")
    assert (second.status_code, json.loads(second.content)["code"]) == (503, "upstream_saturated")
    assert second.headers["Retry-After"] == "1"
    assert len(b"".join(held.streaming_content)) == 100_000
    with closing(platform.client.get("/sample/count")) as third:
        assert third.status_code == 200


def canary(platform, percent):
    platform.rows_flow("monolith")
    platform.table_says(stage="canary", reads_weight=percent * 100)
    platform.upstream.script(THERE)


def test_request_without_a_subject_goes_to_the_writer_and_gets_one(platform):
    """R9"""
    canary(platform, 50)
    client = Client()
    first = client.get("/sample/count")
    assert first.headers["Strangler-Home"] == "monolith"
    cookie = first.cookies["strangler_subject"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    subject = signing.verify("subject", cookie.value)["sub"]
    expected = "service" if bucket("sample", subject) < 5000 else "monolith"
    for _ in range(3):
        again = client.get("/sample/count")
        assert again.headers["Strangler-Home"] == expected
        assert "strangler_subject" not in again.cookies


def test_share_follows_the_bucket_of_the_cookie(platform):
    canary(platform, 50)
    for n in range(20):
        client = Client()
        client.cookies["strangler_subject"] = signing.sign("subject", {"sub": str(n)}, ttl_s=60)
        home = client.get("/sample/count").headers["Strangler-Home"]
        assert home == ("service" if bucket("sample", str(n)) < 5000 else "monolith")


@pytest.mark.parametrize(
    "fields",
    [
        {"HTTP_COOKIE": "strangler_subject=test.e30.AAAA"},
        {"HTTP_COOKIE": "strangler_subject=42"},
        {"HTTP_X_SUBJECT": "42"},
        {"HTTP_STRANGLER_SUBJECT": "42"},
        {"HTTP_AUTHORIZATION": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9."},
    ],
)
def test_subject_cannot_be_made_up(platform, fields):
    """R9"""
    canary(platform, 99)
    assert platform.client.get("/sample/count", **fields).headers["Strangler-Home"] == "monolith"


@pytest.mark.parametrize(("purpose", "home"), [("override", "service"), ("subject", "monolith")])
def test_override_counts_only_when_signed_for_it(platform, purpose, home):
    platform.table_says(stage="synced")
    platform.upstream.script(THERE)
    token = signing.sign(purpose, {"homes": {"sample": "service"}}, ttl_s=60)
    assert platform.client.get("/sample/count", HTTP_STRANGLER_OVERRIDE=token).headers["Strangler-Home"] == home


@pytest.mark.parametrize("forwards", ["0", "3"])
def test_max_forwards_is_counted(platform, forwards):
    """RFC 9110 7.6.2"""
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(THERE)
    response = platform.client.options("/sample/count", HTTP_MAX_FORWARDS=forwards)
    if forwards == "0":
        assert response.headers["Strangler-Home"] == "monolith"
        assert platform.upstream.received == []
    else:
        assert platform.upstream.only().one("Max-Forwards") == "2"


def test_view_that_writes_in_a_read_is_refused_with_a_problem(platform):
    """A GET that writes is not observed, but the fence holds."""
    platform.row_says("service", 2)
    from django.urls import path

    from tests.integration.proxy import views

    views.urlpatterns.append(path("sample/get-writes", lambda request: Shelf.objects.create(name="x")))
    try:
        response = platform.client.get("/sample/get-writes")
    finally:
        views.urlpatterns.pop()
    assert (response.status_code, json.loads(response.content)["code"]) == (503, "moved_midway")


def test_requests_are_counted(platform):
    from prometheus_client import REGISTRY

    def figure(**labels):
        return REGISTRY.get_sample_value("strangler_requests_total", {"capability": "sample", **labels}) or 0

    kinds = [
        {"home": "monolith", "kind": "read", "outcome": "local"},
        {"home": "service", "kind": "read", "outcome": "forwarded"},
        {"home": "monolith", "kind": "read", "outcome": "upstream_unreachable"},
    ]
    before = [figure(**labels) for labels in kinds]
    platform.client.get("/sample/count")
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(THERE)
    platform.client.get("/sample/count")
    platform.upstream.close()
    platform.client.get("/sample/count")
    assert [figure(**labels) - old for labels, old in zip(kinds, before, strict=True)] == [1, 1, 1]


@pytest.mark.parametrize("status", [b"404 Not Found", b"500 Internal Server Error"])
def test_error_of_the_other_home_is_not_logged_twice(platform, caplog, status):
    """It is logged where it happened, and mails its administrators from there."""
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
    assert platform.client.get("/sample/count").status_code == int(status[:3])
    assert caplog.records == []
