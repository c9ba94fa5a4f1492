"""The kept content of a request (R6), without any server."""

from dataclasses import replace
from io import BytesIO

import pytest
from django.test import RequestFactory

from strangler.conf import get_conf
from strangler.proxy.bodies import body_of
from strangler.transport.errors import BadRequest, BodyCut, LengthRequired

LIMIT = 1000


def conf():
    return replace(get_conf(), replay_limit_bytes=LIMIT, memory_limit_bytes=100)


def sized(content, **fields):
    return RequestFactory().generic("POST", "/", content, **fields)


def chunked(content, **fields):
    """A request as a server shows it that decodes chunks: no length, and an input that ends by itself."""
    request = RequestFactory().generic("POST", "/", HTTP_TRANSFER_ENCODING="chunked", **fields)
    request.META.update({"wsgi.input": BytesIO(content), "wsgi.input_terminated": True})
    request.META.pop("CONTENT_LENGTH", None)
    return request


def take(request):
    body = body_of(request, conf())
    assert body is not None
    return body


@pytest.mark.parametrize("size", [1, 100, 101, LIMIT])
@pytest.mark.parametrize("make", [sized, chunked])
def test_content_up_to_the_limit_is_given_as_often_as_asked(make, size):
    content = b"x" * size
    request = make(content)
    body = take(request)
    for _ in range(2):
        body.give_to(request)
        assert request.body == content
        assert request.META["CONTENT_LENGTH"] == str(size)
        assert "HTTP_TRANSFER_ENCODING" not in request.META
    assert b"".join(body.pieces()) == content
    assert (body.size, body.large, body.replayable) == (size, False, True)
    body.close()


def test_form_is_parsed_again_from_the_beginning():
    request = RequestFactory().post("/", {"name": "a"})
    body = take(request)
    for _ in range(2):
        body.give_to(request)
        assert request.POST["name"] == "a"


@pytest.mark.parametrize(("make", "size"), [(sized, LIMIT + 1), (chunked, 1)])
def test_content_is_left_unread_when_it_is_long_or_of_unknown_size(make, size):
    request = make(b"x" * size)
    body = take(request)
    assert (body.large, body.replayable) == (True, True)
    assert len(request.META["wsgi.input"].read()) == size


def test_long_content_is_streamed_once():
    body = take(sized(b"x" * (LIMIT + 1)))
    assert len(b"".join(body.pieces())) == LIMIT + 1
    assert not body.replayable


def test_long_content_is_left_to_the_view():
    request = sized(b"x" * (LIMIT + 1))
    take(request).give_to(request)
    assert len(request.read()) == LIMIT + 1


def test_chunked_content_that_stays_here_is_bounded():
    """Django reads content without a length as empty, so it must be spooled; a spool without bound fills the disk."""
    request = chunked(b"x" * (LIMIT + 1))
    with pytest.raises(LengthRequired):
        take(request).give_to(request)


@pytest.mark.parametrize("size", [10, 200, LIMIT + 10])
def test_content_that_ends_early_is_cut(size):
    request = sized(b"x" * size)
    request._stream = BytesIO(b"x" * (size - 1))
    with pytest.raises(BodyCut):
        b"".join(take(request).pieces())


@pytest.mark.parametrize("length", ["", "0"])
def test_no_content_is_no_body(length):
    assert body_of(RequestFactory().generic("POST", "/", CONTENT_LENGTH=length), conf()) is None


def test_both_framings_are_refused():
    """RFC 9112 6.3"""
    request = chunked(b"abc")
    request.META["CONTENT_LENGTH"] = "3"
    with pytest.raises(BadRequest):
        body_of(request, conf())
