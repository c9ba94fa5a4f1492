"""
HTTP/1.1 on a connected socket: the bytes of a request, and a strict reading of the answer (RFC 9112).

`http.client` reads answers leniently: of two Content-Length fields it takes the first, it lets Transfer-Encoding win
over Content-Length, joins folded lines, and a body that ends early looks complete. Each of those lets one answer be
taken for another once connections are shared, so here each is a `BadReply`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from strangler.transport.errors import BadReply, Unreachable
from strangler.transport.headers import Headers

PIECE_BYTES = 64 << 10
HEAD_BYTES_MAX = 128 << 10
_VERSIONS = frozenset({"HTTP/1.1", "HTTP/1.0"})
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


class Incoming:
    """
    The bytes that arrive on a connection, those of one answer after those of another.

    Args:
        receive: reads up to so many bytes; nothing means the end.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._held = b""
        self._at = 0

    @property
    def pending(self) -> bool:
        """Whether bytes have arrived that nobody has read."""
        return self._at < len(self._held)

    def some(self, limit: int) -> bytes:
        """Return at least one and at most *limit* bytes, or nothing at the end."""
        if not self.pending:
            return self._receive(limit)
        piece = self._held[self._at : self._at + limit]
        self._at += len(piece)
        return piece

    def until(self, mark: bytes) -> bytes | None:
        """Return what stands before *mark*, which is dropped; None when there is nothing at all before the end."""
        while (end := self._held.find(mark, self._at)) < 0:
            self._held, self._at = self._held[self._at :], 0
            if len(self._held) > HEAD_BYTES_MAX:
                raise BadReply("the answer's fields have no end")
            piece = self._receive(PIECE_BYTES)
            if not piece:
                if self._held:
                    raise BadReply(f"the answer was cut within its head: {self._held[:80]!r}")
                return None
            self._held += piece
        found = self._held[self._at : end]
        self._at = end + len(mark)
        return found


def read_head(incoming: Incoming, method: str) -> Head:
    """
    Read up to the end of the final answer's fields; interim answers are dropped.

    Raises:
        Unreachable: the connection ended before the first byte.
        BadReply: what came is no answer.
    """
    while (head := read_any_head(incoming, method)).status < 200:
        pass
    return head


def read_any_head(incoming: Incoming, method: str) -> Head:
    """Read up to the end of the next answer's fields, be it interim (1xx) or final."""
    raw = incoming.until(b"\r\n\r\n")
    if raw is None:
        raise Unreachable("the other home closed the connection without an answer")
    status_line, *lines = raw.decode("latin-1").split("\r\n")
    version, status, reason = _status(status_line)
    if status == 101:
        raise BadReply("the other home switched protocols, which nobody asked for")  # RFC 9110 15.2.2
    return _head(method, version, status, reason, [_field(line) for line in lines])


def _status(line: str) -> tuple[str, int, str]:
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if version not in _VERSIONS or not (len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "5"):
        raise BadReply(f"not a status line: {line[:80]!r}")
    return version, int(code), reason


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    # A folded line begins with a space, and so has no valid name (RFC 9112 5.2); a bare CR or LF ends no line (2.2).
    if not colon or not name or name != name.strip() or "\n" in line or "\r" in line or "\0" in line:
        raise BadReply(f"not a field line: {line[:80]!r}")
    return name, value.strip(" \t")


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


def body_pieces(incoming: Incoming, head: Head) -> Iterator[bytes]:
    """
    Yield the body as it arrives.

    Raises:
        BadReply: it ended before it was complete.
    """
    if head.chunked:
        return _chunks(incoming)
    if head.size is None:
        return iter(lambda: incoming.some(PIECE_BYTES), b"")
    return _sized(incoming, head.size)


def _sized(incoming: Incoming, left: int) -> Iterator[bytes]:
    while left:
        piece = incoming.some(min(left, PIECE_BYTES))
        if not piece:
            raise BadReply(f"the answer ended {left} bytes early")  # RFC 9112 8
        left -= len(piece)
        yield piece


def _chunks(incoming: Incoming) -> Iterator[bytes]:
    while size := _chunk_size(incoming.until(b"\r\n")):
        yield from _sized(incoming, size)
        if incoming.until(b"\r\n") != b"":
            raise BadReply("a chunk does not end where it said")
    while trailer := incoming.until(b"\r\n"):
        _field(trailer.decode("latin-1"))  # read and dropped (RFC 9110 6.5.1)
    if trailer is None:
        raise BadReply("the answer ended without its last line")


def _chunk_size(line: bytes | None) -> int:
    digits = (line or b"").split(b";", 1)[0].rstrip(b" \t")
    # int() would also take 0x3, +3 and 1_0.
    if not 0 < len(digits) < 16 or digits.strip(_HEX_DIGITS):
        raise BadReply(f"not a chunk size: {digits[:40]!r}")
    return int(digits, 16)
