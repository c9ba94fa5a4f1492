"""A request that the other home forwarded: served, waited with, or handed back, and never forwarded again (R4)."""

import json
import threading
import time

import pytest
from django.db import connections

from strangler.transport import signing
from strangler.transport.handing_back import read_moved
from tests.integration.proxy.conftest import DATABASES
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)
ORIGIN = {
    "HTTP_X_FORWARDED_HOST": "shop.example",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_FOR": "192.0.2.7",
}


def write(platform, token, path="/sample/create", data=None):
    return platform.client.post(path, data or {"name": "a"}, HTTP_STRANGLER_HOP=token, **ORIGIN)


def read(platform, token, path="/sample/count"):
    return platform.client.get(path, HTTP_STRANGLER_HOP=token, **ORIGIN)


def handed_back(response):
    assert response.status_code == 421, response.content
    elsewhere = read_moved(response.headers["Strangler-Moved"], "sample")
    return elsewhere.owner, elsewhere.epoch


@pytest.fixture(params=["monolith", "service"])
def home(request, platform):
    """This process as either home, owning `sample` in epoch 5."""
    if request.param == "service":
        platform.be_the_service()
    platform.row_says(request.param, 5)
    platform.table_says(writer=request.param, stage="extracted", epoch=5)
    return request.param


def other(home):
    return "service" if home == "monolith" else "monolith"


@pytest.mark.parametrize("epoch", [4, 5])
def test_owner_serves_what_is_forwarded_to_it(platform, home, epoch):
    response = write(platform, platform.hop(epoch=epoch))
    assert (response.status_code, response.headers["Strangler-Home"]) == (201, home)
    assert read(platform, platform.hop(epoch=epoch, kind="read")).json() == {"shelves": 1}


def test_write_waits_until_the_home_has_opened(platform, home):
    """R4: a receiver behind the sender's epoch waits for it."""
    platform.row_says(other(home), 6)

    def open_soon():
        time.sleep(0.1)
        platform.row_says(home, 7)
        connections.close_all()

    thread = threading.Thread(target=open_soon)
    thread.start()
    response = write(platform, platform.hop(epoch=7))
    thread.join()
    assert response.status_code == 201


def test_write_is_handed_back_when_the_home_does_not_open(platform, home):
    platform.row_says(other(home), 6)
    began = time.monotonic()
    assert handed_back(write(platform, platform.hop(epoch=7))) == (other(home), 6)
    assert time.monotonic() - began >= 0.3  # SWITCH_WAIT_S of this platform
    assert Shelf.objects.count() == 0


def test_owner_that_stays_behind_the_sender_does_not_run_it(platform, home):
    """R4: what the sender knows to be newer may not be here yet."""
    assert handed_back(write(platform, platform.hop(epoch=7))) == (home, 5)
    assert Shelf.objects.count() == 0


def test_wait_ends_with_the_senders_patience(platform, home):
    """A write must not run after its sender has given up and told the client so."""
    platform.configure(SWITCH_WAIT_S=30)
    platform.row_says(other(home), 6)
    began = time.monotonic()
    handed_back(write(platform, platform.hop(epoch=7, left_s=0.1)))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("table_knows", [True, False])
def test_write_is_handed_back_when_the_owner_has_moved_on(platform, home, table_knows):
    platform.row_says(other(home), 6)
    if table_knows:
        platform.table_says(writer=other(home), epoch=6)
    assert handed_back(write(platform, platform.hop(epoch=5))) == (other(home), 6)
    assert platform.upstream.received == []


def test_write_that_is_refused_midway_is_not_handed_back(platform, home):
    platform.midway(lambda: platform.row_says(other(home), 6))
    response = write(platform, platform.hop(epoch=5), "/sample/two-commits")
    assert (response.status_code, json.loads(response.content)["code"]) == (503, "moved_midway")


def test_waiting_room_is_bounded(platform, home):
    """R4: a switch must not take every thread of the server."""
    platform.configure(MAX_WAITERS=1, SWITCH_WAIT_S=2)
    platform.row_says(other(home), 6)
    answers = []

    def forwarded():
        answers.append(write(platform, platform.hop(epoch=7, left_s=0.5)))
        connections.close_all()

    threads = [threading.Thread(target=forwarded) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    full = [a for a in answers if a.status_code == 503]
    assert len(full) == 2
    assert {json.loads(a.content)["code"] for a in full} == {"switch_saturated"}
    assert {a.headers["Retry-After"] for a in full} == {"1"}


def test_read_is_handed_back_at_once_when_the_home_is_not_open_yet(platform, home):
    """The sender serves it: nothing acknowledged can be missing there."""
    platform.row_says(other(home), 6)
    assert handed_back(read(platform, platform.hop(epoch=7, kind="read"))) == (other(home), 6)


def test_read_is_served_when_only_the_table_is_behind(platform, home):
    platform.row_says(other(home), 6)
    platform.row_says(home, 7)
    assert read(platform, platform.hop(epoch=7, kind="read")).status_code == 200


def test_read_asks_the_row_while_the_writer_may_be_changing(platform, home):
    platform.table_says(switching=True)
    platform.row_says(other(home), 6)
    assert handed_back(read(platform, platform.hop(epoch=5, kind="read"))) == (other(home), 6)


def test_read_by_override_is_served_by_a_home_that_does_not_own(platform, home):
    platform.row_says(other(home), 6)
    platform.table_says(writer=other(home), epoch=6)
    assert read(platform, platform.hop(epoch=6, kind="read", reason="override")).status_code == 200


def test_forwarded_request_is_never_forwarded_again(platform, home):
    platform.row_says(other(home), 6)
    platform.table_says(writer=other(home), epoch=6)
    for response in (write(platform, platform.hop(epoch=5)), read(platform, platform.hop(epoch=5, kind="read"))):
        assert response.status_code == 421
    assert platform.upstream.received == []


def test_forwarded_request_looks_as_it_did_at_the_router(platform, home):
    """R22: host, scheme and client, so that links, CSRF and secure cookies come out the same."""
    seen = read(platform, platform.hop(epoch=5, kind="read"), "/sample/seen").json()
    assert seen == {
        "host": "shop.example",
        "secure": True,
        "client": "192.0.2.7",
        "absolute": "https://shop.example/next",
        "reserved": [],
    }


def test_nothing_from_outside_makes_a_request_look_forwarded(platform, home):
    """R9, R22: without a valid hop, X-Forwarded-* and Strangler-* change nothing."""
    identity = signing.sign("identity", {"sub": "1"}, ttl_s=60)
    seen = platform.client.get(
        "/sample/seen",
        HTTP_STRANGLER_HOP="test.e30.AAAA",
        HTTP_STRANGLER_IDENTITY=identity,
        HTTP_STRANGLER_X="1",
        **ORIGIN,
    ).json()
    assert seen == {
        "host": "testserver",
        "secure": False,
        "client": "127.0.0.1",
        "absolute": "http://testserver/next",
        "reserved": [],
    }


def test_trusted_proxy_says_where_a_request_comes_from(platform, home):
    """Only where the settings say that one stands in front; the client is the last that it has seen."""
    platform.configure(TRUST_FORWARDED=True)
    chain = f"203.0.113.66, {ORIGIN['HTTP_X_FORWARDED_FOR']}"
    seen = platform.client.get("/sample/seen", **{**ORIGIN, "HTTP_X_FORWARDED_FOR": chain}).json()
    assert seen == {
        "host": "shop.example",
        "secure": True,
        "client": "192.0.2.7",
        "absolute": "https://shop.example/next",
        "reserved": [],
    }


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda p, home: p.hop(epoch=5, kind="read", home=other(home)), "made for the other home"),
        (lambda p, home: signing.sign("subject", {"sub": "1"}, ttl_s=60), "made for another purpose"),
        (lambda p, home: signing.sign("hop", {"hop": ["sample", home, "read", 5, "writer", 1]}, ttl_s=-1), "over"),
        (lambda p, home: p.hop(epoch=5, kind="read")[:-2] + "AA", "forged"),
    ],
)
def test_hop_that_does_not_verify_is_a_request_from_outside(platform, home, token, why):
    seen = read(platform, token(platform, home), "/sample/seen").json()
    assert seen["host"] == "testserver", why


def test_identity_stands_only_beside_a_hop(platform, home):
    identity = signing.sign("identity", {"sub": "1"}, ttl_s=60)
    token = platform.hop(epoch=5, kind="read")
    for given, reserved in ((identity, ["HTTP_STRANGLER_IDENTITY"]), (identity[:-2] + "AA", [])):
        seen = platform.client.get("/sample/seen", HTTP_STRANGLER_HOP=token, HTTP_STRANGLER_IDENTITY=given, **ORIGIN)
        assert seen.json()["reserved"] == reserved


@pytest.mark.parametrize(("path", "kind"), [("/whoami", "read"), ("/sample/count", "write")])
def test_homes_that_disagree_on_routes_say_so(platform, home, path, kind):
    """A read here that is a write there would run without anybody asserting ownership."""
    response = platform.client.get(path, HTTP_STRANGLER_HOP=platform.hop(epoch=5, kind=kind), **ORIGIN)
    assert json.loads(response.content)["code"] == "routes_differ"
