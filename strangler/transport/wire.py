"""
HTTP/1.1 on a connected socket: the bytes of a request, and a strict reading of the answer (RFC 9112).

`http.client` reads answers leniently: of two Content-Length fields it takes the first, it lets Transfer-Encoding win
over Content-Length, joins folded lines, and a body that ends early looks complete. Each of those lets one answer be
taken for another once connections are shared, so here each is a `BadReply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from strangler.transport.errors import BadReply, Unreachable
from strangler.transport.headers import Headers

PIECE_BYTES = 64 << 10
_LINE_BYTES_MAX = 64 << 10
_FIELDS_MAX = 200
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_BODYLESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """
    Status line and fields of an answer, and how its body is framed.

    Attributes:
        size: bytes of the body; None when only its end will tell.
        chunked: the body is framed in chunks; otherwise, without a size, the end of the connection ends it.
        reusable: the connection may carry another request once the body was read.
    """

    status: int
    reason: str
    fields: Headers
    size: int | None
    chunked: bool
    reusable: bool


def request_head(method: str, target: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the request line and fields; names and values must have been checked."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(piece: bytes) -> bytes:
    """Return *piece* as one chunk; an empty piece ends the body (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def read_head(reader: BufferedReader[Any], method: str) -> Head:
    """
    Read up to the end of the final answer's fields; interim answers are dropped.

    Raises:
        Unreachable: the connection ended before the first byte.
        BadReply: what came is no answer.
    """
    while (head := read_any_head(reader, method)).status < 200:
        pass
    return head


def read_any_head(reader: BufferedReader[Any], method: str) -> Head:
    """Read up to the end of the next answer's fields, be it interim (1xx) or final."""
    version, status, reason = _status_line(reader)
    if status == 101:
        raise BadReply("the other home switched protocols, which nobody asked for")  # RFC 9110 15.2.2
    return _head(method, version, status, reason, _fields(reader))


def _status_line(reader: BufferedReader[Any]) -> tuple[str, int, str]:
    line = reader.readline(_LINE_BYTES_MAX)
    if not line:
        raise Unreachable("the other home closed the connection without an answer")
    version, _, rest = line.decode("latin-1").rstrip("\r\n").partition(" ")
    code, _, reason = rest.partition(" ")
    if not line.endswith(b"\n") or version not in {"HTTP/1.1", "HTTP/1.0"} or not _is_status(code):
        raise BadReply(f"not a status line: {line[:80]!r}")
    return version, int(code), reason


def _is_status(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "5"


def _fields(reader: BufferedReader[Any]) -> Headers:
    fields: Headers = []
    while (line := reader.readline(_LINE_BYTES_MAX)) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        # A folded line begins with a space, and so has no valid name (RFC 9112 5.2).
        if not line.endswith(b"\n") or not colon or not name or name != name.strip() or len(fields) == _FIELDS_MAX:
            raise BadReply(f"not a field line: {line[:80]!r}")
        value = value.strip(" \t\r\n")
        if "\r" in value or "\0" in value:
            raise BadReply(f"a bare CR or NUL in {name!r}")  # RFC 9110 5.5
        fields.append((name, value))
    return fields


def _head(method: str, version: str, status: int, reason: str, fields: Headers) -> Head:
    sizes, codings, options = set[str](), list[str](), set[str]()
    for name, value in fields:
        match name.lower():
            case "content-length":
                sizes.add(value)
            case "transfer-encoding":
                codings.append(value.lower())
            case "connection":
                options.update(option.strip().lower() for option in value.split(","))
    if len(sizes) > 1 or (sizes and codings) or codings not in ([], ["chunked"]):
        raise BadReply("the answer's framing is ambiguous")  # RFC 9112 6.3
    size = _size(sizes.pop()) if sizes else None
    if method == "HEAD" or status in _BODYLESS:  # RFC 9112 6.3, first case
        size, codings = 0, []
    persistent = "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)  # RFC 9112 9.3
    return Head(status, reason, fields, size, bool(codings), persistent and (size is not None or bool(codings)))


def _size(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise BadReply(f"not a Content-Length: {value[:40]!r}")
    return int(value)


def body_pieces(reader: BufferedReader[Any], head: Head) -> Iterator[bytes]:
    """
    Yield the body as it arrives.

    Raises:
        BadReply: it ended before it was complete.
    """
    if head.chunked:
        return _chunks(reader)
    if head.size is None:
        return iter(lambda: reader.read1(PIECE_BYTES), b"")
    return _sized(reader, head.size)


def _sized(reader: BufferedReader[Any], left: int) -> Iterator[bytes]:
    while left:
        piece = reader.read1(min(left, PIECE_BYTES))
        if not piece:
            raise BadReply(f"the answer ended {left} bytes early")  # RFC 9112 8
        left -= len(piece)
        yield piece


def _chunks(reader: BufferedReader[Any]) -> Iterator[bytes]:
    while size := _chunk_size(reader.readline(_LINE_BYTES_MAX)):
        yield from _sized(reader, size)
        if reader.read(2) != b"\r\n":
            raise BadReply("a chunk does not end where it said")
    _fields(reader)  # trailers: read and dropped (RFC 9110 6.5.1)


def _chunk_size(line: bytes) -> int:
    digits = line.rstrip(b"\r\n").split(b";", 1)[0].rstrip(b" \t")
    # int() would also take 0x3, +3 and 1_0.
    if not line.endswith(b"\n") or not 0 < len(digits) < 16 or digits.strip(_HEX_DIGITS):
        raise BadReply(f"not a chunk size: {line[:40]!r}")
    return int(digits, 16)
