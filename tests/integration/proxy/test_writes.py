"""A write that arrives at a home, and what becomes of it when the writer moves (R2, R4, R5, R6)."""

import json
from contextlib import closing
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from strangler.fence import after_migrate
from tests.integration.proxy.conftest import DATABASES, hand_back
from tests.sample.models import Shelf

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)
THERE = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nStrangler-Home: service\r\nStrangler-Version: 9\r\n\r\nthere"


def code(response):
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return response.status_code, json.loads(response.content)["code"]


def shelves():
    return sorted(Shelf.objects.values_list("name", flat=True))


def test_write_at_home_runs_at_home(platform):
    response = platform.client.post("/sample/create", {"name": "a"})
    assert (response.status_code, response.headers["Strangler-Home"]) == (201, "monolith")
    assert shelves() == ["a"]
    assert platform.upstream.received == []


def test_write_is_forwarded_when_the_table_says_so(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(THERE)
    response = platform.client.post("/sample/create", {"name": "a"})
    assert (response.status_code, response.content, response.headers["Strangler-Home"]) == (201, b"there", "service")
    assert shelves() == []


def test_write_refused_before_anything_happened_runs_in_the_other_home(platform):
    """R4: the table is old, the row is the truth; forwarded once, with the row's epoch."""
    platform.row_says("service", 2)
    platform.upstream.script(THERE)
    response = platform.client.post("/sample/create", {"name": "a"})
    assert response.content == b"there"
    hop = read_hop(platform)
    assert (hop.epoch, hop.kind, hop.home) == (2, "write", "service")
    assert len(platform.upstream.received) == 1


def read_hop(platform):
    from strangler.proxy.hops import read_hop

    return read_hop(platform.upstream.received[-1].one("Strangler-Hop"))


@pytest.mark.parametrize(
    ("path", "send"),
    [
        pytest.param("/sample/json", {"data": b'{"name": "a"}', "content_type": "application/json"}, id="json"),
        pytest.param("/sample/create", {"data": {"name": "a"}}, id="multipart form"),
        pytest.param(
            "/sample/create", {"data": "name=a", "content_type": "application/x-www-form-urlencoded"}, id="form"
        ),
        pytest.param("/sample/upload", {"data": None}, id="multipart file"),
        pytest.param("/sample/json", {"data": b'{"name": "%s"}' % (b"x" * 200_000), "content_type": "application/json"},
                     id="spooled"),
    ],
)  # fmt: skip
def test_parsed_body_is_replayed_byte_for_byte(platform, path, send):
    """R6: the view has parsed it before its first statement is refused."""
    platform.settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    if send["data"] is None:
        send = {"data": {"file": SimpleUploadedFile("f", b"z" * 40), "note": "\u00e9"}}
    platform.upstream.script(lambda c, r: (setattr(r, "body", c.body(r)), THERE)[1])
    platform.client.post(path, **send)
    assert shelves() != []  # the reference: it runs here
    Shelf.objects.all().delete()

    platform.midway(lambda: platform.row_says("service", 2))
    rewind(send)
    sent = wire_bytes(send)
    assert platform.client.post(path, **send).content == b"there"
    assert platform.upstream.only().body == sent
    assert platform.upstream.only().one("Content-Length") == str(len(sent))


def wire_bytes(send):
    """Return the content as the test client encodes it."""
    request = RequestFactory().post("/", **send)
    content = request.read()
    rewind(send)
    return content


def rewind(send):
    if isinstance(send["data"], dict) and "file" in send["data"]:
        send["data"]["file"].seek(0)


def test_write_refused_after_a_commit_is_moved_midway(platform):
    """R4: the first half stands, so it must not run elsewhere as a whole."""
    platform.midway(lambda: platform.row_says("service", 2))
    response = platform.client.post("/sample/two-commits")
    assert code(response) == (503, "moved_midway")
    assert response.headers["Retry-After"] == "1"
    assert platform.upstream.received == []
    assert shelves() == ["first"]


def test_write_with_a_declared_effect_is_moved_midway(platform):
    """R4: `external_effect()` is as final as a commit."""
    platform.row_says("service", 2)
    assert code(platform.client.post("/sample/effect")) == (503, "moved_midway")
    assert platform.upstream.received == []


def test_swallowed_refusal_does_not_become_an_answer(platform):
    """R5"""
    platform.row_says("service", 2)
    platform.upstream.script(THERE)
    assert platform.client.post("/sample/swallow").content == b"there"


@pytest.mark.parametrize("when", ["before", "midway"])
def test_business_answer_of_a_stale_home_is_not_given(platform, when):
    """R2: a 404 made without any transaction may come from an old copy."""
    if when == "before":
        platform.row_says("service", 2)
    else:
        platform.midway(lambda: platform.row_says("service", 2))
    platform.upstream.script(THERE)
    assert platform.client.post("/sample/refuse").content == b"there"


def test_business_answer_of_the_owner_is_given(platform):
    assert platform.client.post("/sample/refuse").status_code == 404
    assert platform.upstream.received == []


def test_owner_in_a_later_epoch_than_the_table_knew_answers_itself(platform):
    """The row moved away and back while the table was behind: nobody else may answer."""
    platform.row_says("service", 2)
    platform.row_says("monolith", 3)
    assert platform.client.post("/sample/refuse").status_code == 404
    assert platform.client.post("/sample/create", {"name": "a"}).status_code == 201
    assert platform.upstream.received == []


def test_refusal_by_another_capability_is_a_border_violation(platform):
    """R4: the route is not the refused capability's, so the other home is no better place."""
    capabilities = platform.settings.STRANGLER["CAPABILITIES"]
    people = {**capabilities["sample"], "app": "auth", "routes": [{"prefix": "/people/"}]}
    platform.configure(CAPABILITIES={**capabilities, "people": people})
    after_migrate("default")
    move_people(platform)
    try:
        assert code(platform.client.post("/sample/make-user")) == (500, "border_violation")
    finally:
        free_people()
    assert platform.upstream.received == []


def move_people(platform):
    from django.db import connections

    from strangler.cutover import ownership
    from strangler.fence import tables_of
    from strangler.state import Owned

    new = Owned("service", 2, "test")
    ownership.close(
        connections["default"], "people", tables_of("people"), ("monolith", 1), new, lock_ms=50, drain=lambda: None
    )


def free_people():
    from django.db import connections

    from strangler.fence import fence_of, tables_of

    fence_of(connections["default"]).disable(tables_of("people"))


def test_refusal_outside_of_all_routes_is_moved_midway(platform):
    """R5 for a request that is nobody's: a swallowed refusal does not become an answer either."""
    assert platform.client.post("/nobodys").status_code == 201
    platform.row_says("service", 2)
    assert code(platform.client.post("/nobodys")) == (503, "moved_midway")


@pytest.mark.parametrize("first", ["here", "there"])
def test_write_is_tried_once_in_each_home(platform, first):
    """R4: at most once forwarded; when both say no, the client repeats."""
    platform.row_says("service", 2)
    if first == "there":
        platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(hand_back("monolith", 3))
    assert code(platform.client.post("/sample/create", {"name": "a"})) == (503, "moved_midway")
    assert len(platform.upstream.received) == 1


@pytest.mark.parametrize("path", ["/sample/create", "/sample/refuse"])
def test_write_that_the_other_home_hands_back_runs_here(platform, path):
    """The switch was undone, or reversed: the table is behind, this home's row is not."""
    platform.row_says("service", 2)
    platform.row_says("monolith", 3)
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(hand_back("monolith", 3))
    response = platform.client.post(path, {"name": "a"})
    assert response.status_code == {"/sample/create": 201, "/sample/refuse": 404}[path]
    assert response.headers["Strangler-Home"] == "monolith"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n", id="unsigned"),
        pytest.param(
            b"HTTP/1.1 421 Misdirected Request\r\nStrangler-Moved: test.e30.AAAA\r\nContent-Length: 0\r\n\r\n",
            id="forged",
        ),
    ],
)
def test_421_that_is_not_the_other_homes_own_is_an_ordinary_answer(platform, answer):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(answer)
    response = platform.client.post("/sample/create", {"name": "a"})
    assert response.status_code == 421
    assert "Strangler-Moved" not in response.headers
    assert shelves() == []


def test_hand_back_needs_its_status(platform):
    """An application that echoes what it was sent must not send the request round again."""
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(hand_back("monolith", 3).replace(b"421 Misdirected Request", b"200 OK"))
    assert platform.client.post("/sample/create", {"name": "a"}).status_code == 200
    assert shelves() == []


def test_hand_back_of_another_capability_counts_for_nothing(platform):
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(hand_back("monolith", 3, "another"))
    assert platform.client.post("/sample/create", {"name": "a"}).status_code == 421


def big(platform, path, **fields):
    content = b"x" * (2 << 20)
    return platform.client.post(path, content, content_type="application/octet-stream", **fields)


def test_long_body_is_read_by_the_view_that_owns(platform):
    assert big(platform, "/sample/size").json() == {"bytes": 2 << 20}


def test_long_body_is_forwarded_unread_when_this_home_does_not_own(platform):
    """R6: beyond the limit ownership is asserted before the first byte, so every byte is still there to forward."""
    platform.row_says("service", 2)

    def take(conversation, received):
        assert received.one("Expect") == "100-continue"
        conversation.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        received.body = conversation.body(received)
        return THERE

    platform.upstream.script(take)
    assert big(platform, "/sample/size").content == b"there"
    assert len(platform.upstream.only().body) == 2 << 20


def test_long_body_that_is_handed_back_unread_runs_here(platform):
    platform.row_says("service", 2)
    platform.row_says("monolith", 3)
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(lambda c, r: hand_back("monolith", 3))
    assert big(platform, "/sample/size").json() == {"bytes": 2 << 20}


def test_long_body_that_was_read_cannot_run_elsewhere(platform):
    """The other home took it, and then changed its mind."""

    def take(conversation, received):
        conversation.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        conversation.body(received)
        return hand_back("monolith", 3)

    platform.row_says("service", 2)
    platform.row_says("monolith", 3)
    platform.table_says(writer="service", stage="extracted", epoch=2)
    platform.upstream.script(take)
    assert code(big(platform, "/sample/size")) == (503, "moved_midway")
    assert shelves() == []


def test_long_body_that_a_view_has_read_cannot_be_forwarded(platform):
    """The switch came while it was read; forwarding what is left of it would cut it."""
    platform.midway(lambda: platform.row_says("service", 2))
    assert code(big(platform, "/sample/size")) == (503, "moved_midway")
    assert platform.upstream.received == []


def cut(platform):
    """Send a request that ends before its content, as a server shows it: the content just ends."""
    handler = WSGIHandler()
    environ = RequestFactory()._base_environ(
        REQUEST_METHOD="POST", PATH_INFO="/sample/never-reads", CONTENT_LENGTH="100", **{"wsgi.input": BytesIO(b"abc")}
    )
    with closing(handler.get_response(handler.request_class(environ))) as response:
        return response


def test_body_that_the_client_cut_is_not_run(platform):
    """RFC 9112 8"""
    response = cut(platform)
    assert code(response) == (400, "body_cut")
    assert shelves() == []


def test_body_that_the_client_cut_is_not_forwarded(platform):
    """RFC 9112 8"""
    platform.table_says(writer="service", stage="extracted", epoch=2)
    response = cut(platform)
    assert code(response) == (400, "body_cut")
    assert platform.upstream.received == []


@pytest.mark.parametrize("length", ["-1", "+3", "1_0", "0x3", "3, 3", " 3", "\u0663"])
def test_content_length_that_is_no_number_is_refused(platform, length):
    """RFC 9110 8.6"""
    response = platform.client.generic("POST", "/sample/never-reads", b"abc", CONTENT_LENGTH=length)
    assert code(response) == (400, "bad_request")
    assert shelves() == []


def test_connections_are_given_back_before_the_other_home_is_asked(platform):
    """A pool of connections must not run dry while requests wait for another home."""
    from django.db import connections

    open_then = []
    connection = connections["default"]
    platform.row_says("service", 2)
    platform.table_says(switching=True)
    platform.upstream.script(lambda c, r: (c.body(r), open_then.append(connection.connection), THERE)[2])
    platform.client.get("/sample/count")  # has asked its own row
    platform.client.post("/sample/create", {"name": "a"})
    assert open_then == [None, None]
