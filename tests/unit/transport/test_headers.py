"""Each case cites the clause that it holds us to."""

import pytest

from strangler.transport import headers
from strangler.transport.errors import BadRequest


def environ(**fields):
    return {"REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "http", "HTTP_HOST": "shop.example", **fields}


def copied(**fields):
    return dict(headers.copied_request_fields(environ(**fields)))


def forwarding(*, trust=False, **fields):
    return dict(headers.forwarding_fields(environ(**fields), authority="up:1", via="strangler-monolith", trust=trust))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("CONNECTION", id="RFC 9110 7.6.1 Connection"),
        pytest.param("KEEP_ALIVE", id="RFC 9110 7.6.1 Keep-Alive"),
        pytest.param("PROXY_CONNECTION", id="RFC 9110 7.6.1 Proxy-Connection"),
        pytest.param("TE", id="RFC 9110 7.6.1 TE"),
        pytest.param("TRANSFER_ENCODING", id="RFC 9110 7.6.1 Transfer-Encoding"),
        pytest.param("UPGRADE", id="RFC 9110 7.6.1 Upgrade"),
        pytest.param("TRAILER", id="RFC 9110 6.6.2 Trailer"),
        pytest.param("PROXY_AUTHORIZATION", id="RFC 9110 11.7.2 Proxy-Authorization"),
        pytest.param("EXPECT", id="RFC 9110 10.1.1 Expect"),
        pytest.param("CONTENT_LENGTH", id="RFC 9112 6.3 Content_Length with an underscore"),
        pytest.param("MAX_FORWARDS", id="RFC 9110 7.6.2 Max-Forwards"),
        pytest.param("HOST", id="RFC 9110 7.2 Host"),
        pytest.param("FORWARDED", id="RFC 7239 8.1 Forwarded"),
        pytest.param("X_FORWARDED_FOR", id="X-Forwarded-For"),
        pytest.param("X_FORWARDED_HOST", id="X-Forwarded-Host"),
        pytest.param("X_FORWARDED_PROTO", id="X-Forwarded-Proto"),
        pytest.param("X_FORWARDED_PORT", id="X-Forwarded-Port"),
        pytest.param("X_REAL_IP", id="X-Real-IP"),
        pytest.param("STRANGLER_HOP", id="R4 hop"),
        pytest.param("STRANGLER_IDENTITY", id="R22 identity"),
        pytest.param("STRANGLER_ANYTHING", id="reserved"),
        pytest.param("PROXY", id="CVE-2016-5385 Proxy"),
    ],
)
def test_field_is_not_copied(name):
    assert name.replace("_", "-").title() not in copied(**{f"HTTP_{name}": "x"})


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("HTTP_ACCEPT_ENCODING", "Accept-Encoding"),
        ("HTTP_AUTHORIZATION", "Authorization"),
        ("HTTP_COOKIE", "Cookie"),
        ("HTTP_IF_MATCH", "If-Match"),
        ("HTTP_IDEMPOTENCY_KEY", "Idempotency-Key"),
        ("HTTP_ORIGIN", "Origin"),
        ("HTTP_RANGE", "Range"),
        ("HTTP_TRACEPARENT", "Traceparent"),
        ("CONTENT_TYPE", "Content-Type"),
    ],
)
def test_end_to_end_field_is_copied(key, field):
    assert copied(**{key: "a; b=1"})[field] == "a; b=1"


def test_fields_named_in_connection_are_removed():
    """RFC 9110 7.6.1: also those that are not hop-by-hop by themselves, in any case, with any space."""
    fields = copied(HTTP_CONNECTION="close , X-Secret,x-other", HTTP_X_SECRET="1", HTTP_X_OTHER="2", HTTP_X_THIRD="3")
    assert fields == {"X-Third": "3"}


def test_connection_cannot_remove_what_we_say():
    """A client must not be able to hide who it is by naming our own fields as hop-by-hop."""
    said = forwarding(HTTP_CONNECTION="X-Forwarded-For, Via")
    assert said["X-Forwarded-For"] == "192.0.2.7"
    assert said["Via"] == "1.1 strangler-monolith"


def test_forwarding_fields_replace_what_came_from_outside():
    said = forwarding(
        HTTP_X_FORWARDED_FOR="203.0.113.1", HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PROTO="https"
    )
    assert said == {
        "Host": "up:1",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Proto": "http",
        "Via": "1.1 strangler-monolith",
    }


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ("203.0.113.1, 192.0.2.7", "203.0.113.1, 192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.1, unknown", "203.0.113.1, unknown, 192.0.2.7"),
        ("", "192.0.2.7"),
    ],
)
def test_last_of_what_a_trusted_proxy_said_is_the_client(chain, told):
    """The other home takes the last one for the client, so it must be whom we take for it."""
    assert forwarding(trust=True, HTTP_X_FORWARDED_FOR=chain)["X-Forwarded-For"] == told


def test_via_is_appended():
    """RFC 9110 7.6.3: each hop after those before it, with the version that it received."""
    assert forwarding(HTTP_VIA="1.0 fred", SERVER_PROTOCOL="HTTP/1.0")["Via"] == "1.0 fred, 1.0 strangler-monolith"


@pytest.mark.parametrize("bad", ["a\r\nX-Evil: 1", "a\n b", "a\rb", "a\0b"])
def test_value_that_would_end_its_line_is_refused(bad):
    """RFC 9110 5.5; wsgiref hands folded lines (RFC 9112 5.2) on with their CRLF."""
    with pytest.raises(BadRequest):
        copied(HTTP_X_A=bad)
    with pytest.raises(BadRequest):
        forwarding(HTTP_HOST=bad)


@pytest.mark.parametrize("bad", ["HTTP_X A", "HTTP_X:A", "HTTP_X\r\nA", "HTTP_"])
def test_name_that_is_no_token_is_refused(bad):
    """RFC 9112 5.1: no whitespace in or after a name; RFC 9110 5.6.2."""
    with pytest.raises(BadRequest):
        copied(**{bad: "1"})


def test_variables_of_the_process_are_not_sent(monkeypatch):
    """granian merges the environment into the environ; HTTP_* variables there are not fields."""
    monkeypatch.setattr(headers, "_FROM_PROCESS", frozenset({"HTTP_LOCAL_SECRET"}))
    headers._field_name.cache_clear()
    assert copied(HTTP_LOCAL_SECRET="1") == {}
    headers._field_name.cache_clear()


@pytest.mark.parametrize(
    ("field", "crosses"),
    [
        pytest.param(("Connection", "close"), False, id="RFC 9110 7.6.1"),
        pytest.param(("Keep-Alive", "timeout=5"), False, id="RFC 9110 7.6.1 Keep-Alive"),
        pytest.param(("Transfer-Encoding", "chunked"), False, id="RFC 9112 6.1"),
        pytest.param(("Trailer", "Digest"), False, id="RFC 9110 6.6.2"),
        pytest.param(("Content-Length", "3"), False, id="framing is the server's"),
        pytest.param(("Strangler-Moved", "x"), False, id="reserved"),
        pytest.param(("Strangler-Home", "service"), True, id="mark"),
        pytest.param(("Set-Cookie", "a=1"), True, id="RFC 6265 4.1"),
        pytest.param(("Content-Encoding", "gzip"), True, id="RFC 9110 8.4"),
        pytest.param(("WWW-Authenticate", "Bearer"), True, id="RFC 9110 11.6.1"),
        pytest.param(("ETag", '"a"'), True, id="RFC 9110 8.8.3"),
    ],
)
def test_field_of_an_answer(field, crosses):
    assert (headers.answer_fields([field], keep_marks=True) == [field]) is crosses


def test_answer_loses_what_its_connection_field_names():
    """RFC 9110 7.6.1, several Connection fields."""
    received = [("Connection", "X-One"), ("x-one", "1"), ("connection", "close, X-Two"), ("X-Two", "2"), ("X", "3")]
    assert headers.answer_fields(received, keep_marks=True) == [("X", "3")]


def test_marks_of_the_other_home_are_dropped_when_not_exposed():
    assert headers.answer_fields([("Strangler-Home", "service"), ("Strangler-Version", "3")], keep_marks=False) == []


def test_reserved_fields_are_taken_out():
    fields = environ(HTTP_STRANGLER_HOP="a", HTTP_STRANGLER_X="b", HTTP_X_STRANGLER="c")
    assert headers.without_reserved(fields) == {"HTTP_STRANGLER_HOP": "a", "HTTP_STRANGLER_X": "b"}
    assert fields == environ(HTTP_X_STRANGLER="c")
    assert headers.without_reserved(fields) == {}


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        pytest.param("/api/x", "", "/api/x", id="RFC 9112 3.2.1 origin-form"),
        pytest.param("/", "a=%20b&a=2", "/?a=%20b&a=2", id="query as it came"),
        pytest.param("//evil.example/x", "", "//evil.example/x", id="a path, not an authority"),
        pytest.param("/a b/%/\u20ac", "", "/a%20b/%25/%E2%82%AC", id="RFC 3986 2.1"),
        pytest.param("/a;b,c=1@x:y!$'()*~", "", "/a;b,c=1@x:y!$'()*~", id="RFC 3986 3.3 pchar"),
        pytest.param("/a\r\nX: 1", "", "/a%0D%0AX:%201", id="RFC 9112 11.1 no second line"),
        pytest.param("/a?b#c", "", "/a%3Fb%23c", id="decoded delimiters"),
        pytest.param("/", "a=1 HTTP/1.1\r\nX: 1", "/?a=1%20HTTP/1.1%0D%0AX:%201", id="RFC 9112 11.1 query"),
    ],
)
def test_origin_form(path, query, target):
    assert headers.origin_form(path, query) == target


@pytest.mark.parametrize("path", ["*", "", "evil.example:80", "http://evil.example/"])
def test_target_that_is_no_path_is_refused(path):
    """RFC 9112 3.2.3 and 3.2.4: asterisk- and authority-form are not forwarded."""
    with pytest.raises(BadRequest):
        headers.origin_form(path, "")


@pytest.mark.parametrize(
    ("location", "seen"),
    [
        pytest.param("/next", "/next", id="RFC 9110 10.2.2 relative"),
        pytest.param("http://up:81/next?a#b", "https://shop/next?a#b", id="its own authority"),
        pytest.param("HTTP://UP:81/x", "https://shop/x", id="RFC 3986 6.2.2.1 case"),
        pytest.param("//up:81/x", "https://shop/x", id="RFC 3986 4.2 network-path"),
        pytest.param("http://up:81", "https://shop", id="no path"),
        pytest.param("http://up:810/x", "http://up:810/x", id="another port"),
        pytest.param("http://up:81.evil.example/", "http://up:81.evil.example/", id="another host"),
        pytest.param("http://up:81@evil.example/", "http://up:81@evil.example/", id="userinfo"),
        pytest.param("http://elsewhere/x", "http://elsewhere/x", id="foreign"),
        pytest.param("/to?u=http://up:81/", "/to?u=http://up:81/", id="only at the beginning"),
    ],
)
def test_location_back(location, seen):
    assert headers.location_back(location, upstream="http://up:81", public="https://shop") == seen
