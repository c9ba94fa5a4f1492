"""R8: who has written reads it, wherever the share sends them; and too old a copy is read by nobody."""

import uuid

import pytest
from django.db import connections
from django.test import Client

from strangler.models import ChangedKey, Stream
from strangler.proxy import freshness, pins
from strangler.proxy.hops import read_hop
from strangler.transport import signing
from tests.integration.proxy.conftest import DATABASES
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)
THERE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nStrangler-Home: service\r\nStrangler-Version: 9\r\n\r\nthere"


@pytest.fixture(params=["cache", "cookie"])
def kept_in(request, settings, tmp_path):
    """Where pins are kept."""
    if request.param == "cache":
        place = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path}
        settings.CACHES = {**settings.CACHES, "pins": {**place, "KEY_PREFIX": uuid.uuid4().hex}}
    return request.param


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless it is moved on."""

    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(freshness._unfollowed, "clock", clock)
    return clock


@pytest.fixture
def canary(platform, clock):
    """All subjects read from the service, which answers `there`; the copy is complete."""
    freshness._unfollowed.copies.clear()
    platform.rows_flow("monolith")
    platform.table_says(stage="canary", reads_weight=10_000)
    platform.upstream.script(THERE)
    return platform


def client_of(subject):
    client = Client(raise_request_exception=False)
    client.cookies["strangler_subject"] = signing.sign("subject", {"sub": subject}, ttl_s=600)
    return client


def write(client):
    """Make a shelf, and let the key wait in the log as the triggers would have it."""
    response = client.post("/sample/create", {"name": uuid.uuid4().hex})
    assert response.status_code == 201
    return response


@pytest.fixture
def logged(platform):
    """Every row that is written waits to be brought over."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER log_shelf AFTER INSERT ON sample_shelf BEGIN INSERT INTO strangler_changed_key"
            " (capability, \"table\", key, at) VALUES ('sample', 'sample_shelf', new.id, 0); END"
        )
    yield
    with connections["default"].cursor() as cursor:
        cursor.execute("DROP TRIGGER log_shelf")


def bring_over():
    ChangedKey.objects.all().delete()


def read(client):
    return client.get("/sample/count")


def home_of(response):
    return response.headers["Strangler-Home"]


def test_writer_answers_until_the_copy_has_what_was_written(canary, logged, kept_in):
    mine, other = client_of("42"), client_of("43")
    assert home_of(read(mine)) == "service"
    write(mine)
    assert home_of(read(mine)) == "monolith"
    assert read(mine).json() == {"shelves": 1}
    assert home_of(read(other)) == "service"
    bring_over()
    read(mine)  # whoever waits lets the process look
    assert home_of(read(mine)) == "service"


def test_a_failed_write_may_have_written_too(canary, logged, kept_in):
    """A view that commits and then fails has written."""
    mine = client_of("42")
    mine.post("/sample/two-commits", {})
    assert Shelf.objects.count() == 2
    assert home_of(read(mine)) == "monolith"


def test_write_without_a_subject_gets_one_that_is_pinned(canary, logged, kept_in):
    client = Client()
    write(client)
    assert "strangler_subject" in client.cookies
    assert home_of(read(client)) == "monolith"
    assert read(client).json() == {"shelves": 1}
    bring_over()
    read(client)
    assert home_of(read(client)) == "service"


def test_read_by_post_pins_nobody(canary, logged, kept_in):
    mine = client_of("42")
    mine.post("/sample/search", {"q": "x"})
    assert home_of(read(mine)) == "service"


def test_service_forwards_a_pinned_read_that_came_to_its_own_door(platform, clock, logged, settings, tmp_path):
    place = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path}
    settings.CACHES = {**settings.CACHES, "pins": place}
    platform.rows_flow("monolith")
    platform.table_says(stage="canary", reads_weight=10_000)
    write(client_of("42"))
    platform.be_the_service()
    mine = client_of("42")
    freshness._unfollowed.copies.clear()
    platform.upstream.script(THERE)
    assert read(mine).content == b"there"  # where the monolith is now
    hop = read_hop(platform.upstream.only().one("Strangler-Hop"))
    assert (hop.home, hop.reason) == ("monolith", "lagging")  # nor has it ever seen the copy complete
    bring_over()
    assert read(client_of("43")).json() == {"shelves": 1}
    write_key = ChangedKey.objects.create(capability="sample", table="sample_shelf", key="[1]", at=0)
    pins._cache().set(pins._name("sample", "monolith", "42"), write_key.pk, timeout=60)
    platform.upstream.script(THERE)
    assert read(mine).content == b"there"
    assert read_hop(platform.upstream.only().one("Strangler-Hop")).reason == "pinned"
    assert read(client_of("43")).json() == {"shelves": 1}


def test_the_writer_serves_a_pinned_read_that_was_forwarded(canary, kept_in):
    response = canary.client.get("/sample/count", HTTP_STRANGLER_HOP=canary.hop(epoch=1, kind="read", reason="pinned"))
    assert (home_of(response), response.json()) == ("monolith", {"shelves": 0})


def test_client_that_keeps_no_cookies_reads_from_the_writer_without_a_cache(canary, monkeypatch):
    """R8: no way to pin a client: share 0."""
    monkeypatch.setattr("strangler.proxy.subjects.token_subject", lambda _: "42")
    response = canary.client.get("/sample/count", HTTP_AUTHORIZATION="Bearer x")
    assert home_of(response) == "monolith"
    client = Client()
    client.cookies["strangler_subject"] = response.cookies["strangler_subject"].value
    assert home_of(client.get("/sample/count", HTTP_AUTHORIZATION="Bearer x")) == "service"


def test_client_with_a_token_is_pinned_by_the_cookie_it_had_before(canary, logged, kept_in, monkeypatch):
    """It wrote before it logged in."""
    mine = client_of("anonymous")
    write(mine)
    monkeypatch.setattr("strangler.proxy.subjects.token_subject", lambda _: "42")
    assert home_of(mine.get("/sample/count", HTTP_AUTHORIZATION="Bearer x")) == "monolith"


def test_too_old_a_copy_is_read_by_nobody(canary, clock, kept_in):
    client = client_of("42")
    assert home_of(read(client)) == "service"
    waiting = ChangedKey.objects.create(capability="sample", table="sample_shelf", key="[1]", at=0)
    clock.now += 4.9
    assert home_of(read(client)) == "service"
    clock.now += 0.2
    assert home_of(read(client)) == "monolith"
    waiting.delete()
    assert home_of(read(client)) == "service"


@pytest.mark.parametrize("state", [None, Stream.COPYING, Stream.ARMED])
def test_nobody_reads_a_copy_that_nothing_keeps_in_step(canary, kept_in, state):
    client = client_of("42")
    assert home_of(read(client)) == "service"
    if state is None:
        Stream.objects.all().delete()
    else:
        Stream.objects.update(state=state)
    assert home_of(read(client)) == "monolith"


def test_nobody_reads_the_copy_while_the_cache_does_not_answer(canary, kept_in, settings, tmp_path):
    settings.CACHES = {
        **settings.CACHES,
        "pins": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"},
    }
    try:
        assert home_of(read(client_of("42"))) == "monolith"
    finally:
        pins._breaker.succeeded()
        del settings.CACHES["pins"]


def test_position_that_cannot_be_asked_pins_for_good(canary, logged, kept_in, monkeypatch):
    """Until the pin is too old to matter."""
    from django.db import DatabaseError

    def gone(*_):
        raise DatabaseError("gone")

    mine = client_of("42")
    monkeypatch.setattr("strangler.proxy.own_writes.written", gone)
    write(mine)
    bring_over()
    for _ in range(3):
        assert home_of(read(mine)) == "monolith"


def test_nobody_is_pinned_before_reads_are_split(platform, kept_in):
    platform.rows_flow("monolith")
    platform.table_says(stage="synced")
    response = write(client_of("42"))
    assert not response.cookies


def test_without_pins_a_client_misses_what_it_has_written(canary, logged, kept_in, monkeypatch):
    """What the pins prevent."""
    monkeypatch.setattr("strangler.proxy.serving.note_write", lambda *_: None)
    mine = client_of("42")
    assert home_of(read(mine)) == "service"
    write(mine)
    assert home_of(read(mine)) == "service"


def test_reads_that_are_held_back_are_counted(canary, logged, kept_in):
    from prometheus_client import REGISTRY

    def figure(reason):
        labels = {"capability": "sample", "reason": reason}
        return REGISTRY.get_sample_value("strangler_reads_held_back_total", labels) or 0

    mine = client_of("42")
    read(mine)
    write(mine)
    before = figure("pinned"), figure("lagging")
    read(mine)
    Stream.objects.all().delete()
    read(mine)
    assert (figure("pinned"), figure("lagging")) == (before[0] + 1, before[1] + 1)


def test_explain_says_when_a_pin_or_the_lag_decides(canary, logged, settings, tmp_path):
    from strangler.operations import explain_request

    place = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path}
    settings.CACHES = {**settings.CACHES, "pins": {**place, "KEY_PREFIX": uuid.uuid4().hex}}

    def said(subject):
        return explain_request("GET", "/sample/count", subject=subject)

    assert "But" not in said("42")
    mine = client_of("42")
    read(mine)
    write(mine)
    assert "too old" in said("43")
    bring_over()
    ChangedKey.objects.create(pk=900, capability="sample", table="sample_shelf", key="[1]", at=0)
    pins._cache().set(pins._name("sample", "monolith", "42"), 2000, timeout=60)
    bring_over()
    assert "lacks what '42' has written" in said("42")
    assert "But" not in said("43")
    Stream.objects.all().delete()
    assert "nobody knows" in said("42")
