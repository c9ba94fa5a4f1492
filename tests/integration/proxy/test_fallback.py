"""R10: reads that the service fails to answer, and who may have an old answer instead."""

import pytest
from django.test import Client

from strangler.models import ChangedKey, Stream
from strangler.proxy import fallback, freshness
from strangler.transport import signing
from tests.integration.proxy.conftest import DATABASES, hand_back
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)
ROUTES = [
    {"prefix": "/sample/", "stale_ok": True, "timeout_s": 0.2},
    {"prefix": "/sample/stream", "timeout_s": 0.2},
    {"prefix": "/sample/search", "methods": ["POST"], "kind": "read", "stale_ok": True, "timeout_s": 0.2},
]
THERE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nStrangler-Home: service\r\nStrangler-Version: 9\r\n\r\nthere"


def declare_routes(platform, routes):
    sample = platform.settings.STRANGLER["CAPABILITIES"]["sample"]
    platform.configure(CAPABILITIES={"sample": {**sample, "routes": routes}})


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(freshness._unfollowed, "clock", clock)
    freshness._unfollowed.copies.clear()
    fallback._breaker.cache_clear()
    yield clock
    fallback._breaker.cache_clear()


@pytest.fixture
def both(platform, clock):
    """This is the monolith, and knows both databases; in them no row waits for anybody."""
    declare_routes(platform, ROUTES)
    ChangedKey.objects.using("sample_service").all().delete()
    return platform


@pytest.fixture
def extracted(both):
    """The service writes, and the monolith's copy has been complete a moment ago."""
    both.row_says("service", 2)
    both.rows_flow("service")
    both.table_says(writer="service", stage="extracted", epoch=2)
    both.upstream.script(THERE)
    assert both.client.get("/sample/count").content == b"there"
    freshness.copy_of("sample")
    return both


def refuses(conversation, received):
    """Break the connection before an answer."""


def is_silent(conversation, received):
    conversation.sock.settimeout(0.5)
    conversation.sock.recv(1)


def answers(status):
    return b"HTTP/1.1 %b\r\nContent-Length: 4\r\n\r\nno!\n" % status


FAILURES = {
    "unreachable": refuses,
    "timed_out": is_silent,
    "bad_reply": b"nonsense\r\n\r\n",
    "answered_502": answers(b"502 Bad Gateway"),
    "answered_503": answers(b"503 Service Unavailable"),
    "answered_504": answers(b"504 Gateway Timeout"),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_copy_answers_for_a_service_that_fails(extracted, reason):
    extracted.upstream.script(FAILURES[reason])
    response = extracted.client.get("/sample/count")
    assert (response.status_code, response.json()) == (200, {"shelves": 0})
    assert response.headers["Strangler-Fallback"] == reason
    assert response.headers["Strangler-Home"] == "monolith"


def test_service_that_does_not_listen_is_unreachable(extracted):
    extracted.upstream.close()
    assert extracted.client.get("/sample/count").headers["Strangler-Fallback"] == "unreachable"


@pytest.mark.parametrize("status", [b"404 Not Found", b"500 Internal Server Error", b"429 Too Many Requests"])
def test_an_answer_of_the_application_is_the_answer(extracted, status):
    extracted.upstream.script(answers(status))
    response = extracted.client.get("/sample/count")
    assert response.status_code == int(status[:3])
    assert "Strangler-Fallback" not in response.headers


@pytest.mark.parametrize("reason", FAILURES)
def test_routes_that_did_not_agree_to_it_get_no_old_answer(extracted, reason):
    extracted.upstream.script(FAILURES[reason])
    response = extracted.client.get("/sample/stream")
    assert response.status_code in (502, 503, 504)
    assert "Strangler-Fallback" not in response.headers


@pytest.mark.parametrize("reason", FAILURES)
def test_writes_never_fall_back(extracted, reason):
    extracted.upstream.script(FAILURES[reason])
    response = extracted.client.post("/sample/create", {"name": "x"})
    assert response.status_code in (502, 503, 504)
    assert "Strangler-Fallback" not in response.headers
    assert Shelf.objects.count() == 0


def test_read_by_post_falls_back_with_its_body(extracted):
    extracted.upstream.script(refuses)
    response = extracted.client.post("/sample/search", {"q": "shelf"})
    assert response.json() == {"q": "shelf", "shelves": 0}
    assert response.headers["Strangler-Fallback"] == "unreachable"


def test_too_old_a_copy_answers_nobody(extracted, clock):
    ChangedKey.objects.using("sample_service").create(capability="sample", table="sample_shelf", key="[1]", at=0)
    extracted.upstream.script(refuses)
    clock.now += 59
    assert extracted.client.get("/sample/count").status_code == 200
    clock.now += 2
    assert extracted.client.get("/sample/count").status_code == 502


@pytest.mark.parametrize("state", [None, Stream.ARMED])
def test_copy_that_nothing_keeps_in_step_answers_nobody(extracted, state):
    if state is None:
        Stream.objects.all().delete()
    else:
        Stream.objects.update(state=state)
    extracted.upstream.script(refuses)
    assert extracted.client.get("/sample/count").status_code == 502


def test_service_whose_database_is_gone_as_well_leaves_a_copy_of_known_age(extracted, clock, monkeypatch):
    """Both fail together more often than not."""
    from django.db import DatabaseError

    def gone(*_):
        raise DatabaseError("gone")

    monkeypatch.setattr(freshness, "written", gone)
    extracted.upstream.script(refuses)
    clock.now += 59
    assert extracted.client.get("/sample/count").status_code == 200
    clock.now += 2
    assert extracted.client.get("/sample/count").status_code == 502


def test_who_has_written_lately_gets_no_old_answer(extracted):
    """Its pin was given by the service, which wrote."""
    pin = signing.sign("pins", {"at": {"sample": ["service", 7]}}, ttl_s=60)
    waiting = ChangedKey.objects.using("sample_service").create(
        pk=7, capability="sample", table="sample_shelf", key="[1]", at=0
    )
    mine = Client(raise_request_exception=False)
    mine.cookies["strangler_pins"] = pin
    extracted.upstream.script(refuses)
    assert mine.get("/sample/count").status_code == 502
    assert extracted.client.get("/sample/count").status_code == 200
    waiting.delete()
    mine.get("/sample/count")
    assert mine.get("/sample/count").status_code == 200


@pytest.fixture
def service(platform, clock):
    """This is the service, which writes."""
    platform.be_the_service()
    platform.row_says("service", 2)
    platform.rows_flow("service")
    platform.table_says(writer="service", stage="extracted", epoch=2)
    return platform


def test_the_service_pins_who_writes_there(service):
    declare_routes(service, ROUTES)
    ChangedKey.objects.create(pk=8, capability="sample", table="sample_shelf", key="[1]", at=0)
    response = Client().post("/sample/create", {"name": "x"})
    assert response.status_code == 201
    token = response.cookies["strangler_pins"].value
    assert signing.verify("pins", token) == {"at": {"sample": ["service", 8]}}
    assert response.cookies["strangler_subject"].value


def test_nobody_is_pinned_where_no_answer_may_be_old(service):
    declare_routes(service, [{"prefix": "/sample/"}])
    response = Client().post("/sample/create", {"name": "x"})
    assert response.status_code == 201
    assert not response.cookies


def canary(platform):
    platform.rows_flow("monolith")
    platform.table_says(stage="canary", reads_weight=10_000)
    client = Client(raise_request_exception=False)
    client.cookies["strangler_subject"] = signing.sign("subject", {"sub": "42"}, ttl_s=60)
    return client


@pytest.mark.parametrize("path", ["/sample/count", "/sample/stream"])
@pytest.mark.parametrize("reason", FAILURES)
def test_the_writer_answers_for_a_service_that_fails_at_its_share(both, reason, path):
    """Its rows are the newest there are, so every route may."""
    client = canary(both)
    both.upstream.script(FAILURES[reason])
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Strangler-Fallback"] == reason


def test_a_share_may_not_fall_back_on_a_home_that_has_closed(both):
    """The table is old: the writer has moved since."""
    client = canary(both)
    both.row_says("service", 2)
    both.upstream.script(refuses)
    assert client.get("/sample/stream").status_code == 502


def test_person_who_asked_for_the_service_is_told_that_it_fails(both):
    canary(both)
    both.upstream.script(refuses)
    token = signing.sign("override", {"homes": {"sample": "service"}}, ttl_s=60)
    assert both.client.get("/sample/count", HTTP_STRANGLER_OVERRIDE=token).status_code == 502


def test_service_that_fails_again_and_again_is_left_alone_for_a_moment(both):
    client = canary(both)
    both.upstream.script(refuses)
    for _ in range(5):
        assert client.get("/sample/count").headers["Strangler-Fallback"] == "unreachable"
    both.upstream.script(THERE)
    assert client.get("/sample/count").headers["Strangler-Fallback"] == "resting"
    assert not both.upstream.received


def test_home_that_has_not_opened_yet_does_not_count_as_failing(extracted):
    extracted.upstream.script(hand_back("monolith", 1))
    response = extracted.client.get("/sample/count")
    assert response.status_code == 200
    assert "Strangler-Fallback" not in response.headers


def test_fallbacks_are_counted(both):
    from prometheus_client import REGISTRY

    def figure():
        labels = {"capability": "sample", "reason": "unreachable"}
        return REGISTRY.get_sample_value("strangler_fallbacks_total", labels) or 0

    client = canary(both)
    both.upstream.script(refuses)
    before = figure()
    client.get("/sample/count")
    assert figure() == before + 1
