"""
Which header fields cross the hop, and what they say on the other side.

Requests are read from a WSGI environ, whose names have lost the difference between `-` and `_`: a field such as
`Content_Length` arrives as `HTTP_CONTENT_LENGTH` and must not become framing again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from strangler.transport.errors import BadRequest

Headers = list[tuple[str, str]]

# RFC 9110 7.6.1 names these; 11.7 makes the Proxy-* fields the next proxy's; Trailer goes because trailers are
# dropped (RFC 9110 6.5.1).
HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip

# Set by us: framing (RFC 9112 6.3), the next hop's Host and expectation (RFC 9110 7.2, 10.1.1), and everything by which
# the other home learns who asked. `Proxy` is no field but CGI's leak of a variable (httpoxy, CVE-2016-5385).
_OURS = frozenset({
    "content-length", "content-type", "host", "expect", "max-forwards", "via", "proxy",
    "forwarded", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port",
    "x-forwarded-server", "x-forwarded-prefix", "x-forwarded-ssl", "x-forwarded-scheme",
})  # fmt: skip

_NOT_COPIED = HOP_BY_HOP | _OURS
RESERVED_PREFIX = "strangler-"
_MARKS = frozenset({"strangler-home", "strangler-version", "strangler-fallback"})

# granian merges the process environment into every environ.
_FROM_PROCESS = frozenset(name for name in os.environ if name.startswith("HTTP_"))

# Names of environs that were looked at; bounded, because clients make names up.
_harmless: set[str] = set()
_HARMLESS_MAX = 4096

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2
_FORBIDDEN_IN_VALUE = re.compile(r"[\r\n\x00]")  # RFC 9110 5.5
_UNESCAPED_IN_PATH = "/!$&'()*+,;=:@~"  # RFC 3986 3.3: pchar and "/"


@lru_cache(maxsize=1024)
def _field_name(key: str) -> str | None:
    """Return the field name of an environ key, or None when the field does not cross by copying."""
    name = key[5:].replace("_", "-").title()
    lower = name.lower()
    if lower in _NOT_COPIED or lower.startswith(RESERVED_PREFIX) or key in _FROM_PROCESS:
        return None
    if not _TOKEN.fullmatch(name):
        raise BadRequest(f"{name!r} is no field name")  # RFC 9112 5.1
    return name


def copied_request_fields(environ: Mapping[str, Any]) -> Headers:
    """
    Return the end-to-end fields of the client's request, without those that `forwarding_fields` sets.

    Raises:
        BadRequest: a name or a value cannot be written on the wire.
    """
    named = connection_options(environ.get("HTTP_CONNECTION", ""))
    fields: Headers = []
    if content_type := environ.get("CONTENT_TYPE"):
        fields.append(("Content-Type", _checked(content_type)))
    for key in environ:
        if key[:5] == "HTTP_" and (name := _field_name(key)) and name.lower() not in named:
            fields.append((name, _checked(environ[key])))
    return fields


def forwarding_fields(environ: Mapping[str, Any], *, authority: str, via: str, trust: bool) -> Headers:
    """
    Return the fields by which the other home learns what was asked of us, and by whom.

    Args:
        authority: host and port of the other home.
        via: our name.
        trust: a proxy in front of us is trusted, and *environ* says what it said; who asked it is told as well.
    """
    client = environ.get("REMOTE_ADDR", "")
    chain = (trust and environ.get("HTTP_X_FORWARDED_FOR")) or client
    if chain.rpartition(",")[2].strip() != client:  # the other home takes the last one for the client
        chain = f"{chain}, {client}"
    version = environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/")
    passed = environ.get("HTTP_VIA")
    hop = f"{version} {via}"
    return [
        ("Host", authority),
        ("X-Forwarded-For", _checked(chain)),
        ("X-Forwarded-Host", _checked(environ.get("HTTP_HOST", ""))),
        ("X-Forwarded-Proto", _checked(environ.get("wsgi.url_scheme", "http"))),
        ("Via", _checked(f"{passed}, {hop}" if passed else hop)),  # RFC 9110 7.6.3
    ]


def answer_fields(received: Headers, *, keep_marks: bool) -> Headers:
    """
    Return the end-to-end fields of the other home's answer; framing is left to the server in front.

    Args:
        keep_marks: let the client see which home served it.
    """
    named = frozenset[str]().union(*(connection_options(v) for n, v in received if n.lower() == "connection"))
    return [(name, value) for name, value in received if _crosses_back(name.lower(), named, keep_marks)]


def _crosses_back(name: str, named: frozenset[str], keep_marks: bool) -> bool:
    if name.startswith(RESERVED_PREFIX):
        return keep_marks and name in _MARKS
    return name not in HOP_BY_HOP and name != "content-length" and name not in named


def connection_options(value: str) -> frozenset[str]:
    """Return the lower-case field names that a Connection field removes (RFC 9110 7.6.1)."""
    return frozenset(option.strip().lower() for option in value.split(",")) if value else frozenset()


def without_reserved(environ: dict[str, Any]) -> dict[str, str]:
    """Take every `Strangler-*` request field out of *environ* and return those that were there."""
    # Every request pays for this. Names repeat, so nearly always one comparison of sets is all there is to do.
    if _harmless.issuperset(environ):
        return {}
    reserved = {key: environ.pop(key) for key in list(environ) if key.startswith("HTTP_STRANGLER_")}
    if len(_harmless) < _HARMLESS_MAX:
        _harmless.update(environ)
    return reserved


def origin_form(path: str, query: str) -> str:
    """
    Return the request target for a decoded path and a query as it came (RFC 9112 3.2.1).

    The servers decode the path before anybody sees it, so a `%2F` of the client arrives, and leaves, as `/`.
    """
    if not path.startswith("/"):
        raise BadRequest(f"{path!r} is no path")  # asterisk- and authority-form stay here (RFC 9112 3.2.3, 3.2.4)
    target = quote(path, safe=_UNESCAPED_IN_PATH)
    return f"{target}?{_checked_query(query)}" if query else target


def _checked_query(query: str) -> str:
    if not query.isascii() or any(c <= " " or c == "\x7f" for c in query):
        return quote(query.encode("latin-1"), safe="/?:@!$&'()*+,;=~%-._")
    return query


def location_back(location: str, *, upstream: str, public: str) -> str:
    """
    Return *location* as the client must see it: only the other home's own address is exchanged for ours.

    Args:
        upstream: scheme and authority of the other home, as in `http://127.0.0.1:8101`.
        public: scheme and authority that the client used.
    """
    scheme, _, authority = upstream.partition("://")
    for own in (f"{scheme}://{authority}", f"//{authority}"):
        head, rest = location[: len(own)], location[len(own) :]
        if head.lower() == own.lower() and (not rest or rest[0] in "/?#"):
            return public + rest
    return location


def _checked(value: str) -> str:
    if _FORBIDDEN_IN_VALUE.search(value):
        raise BadRequest("a field value holds CR, LF or NUL")
    return value
