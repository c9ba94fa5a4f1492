"""The other home's answer as Django's response, with every field and every byte as it came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from strangler.transport.client import Reply
from strangler.transport.headers import Headers
from strangler.transport.wire import PIECE_BYTES

_BODYLESS = frozenset({204, 304})


class _Forwarded(HttpResponseBase):
    """Sends several Set-Cookie fields as they came: Django's own cookies hold one per name (RFC 6265 3)."""

    outcome = "forwarded"
    _has_been_logged = True  # by the home that answered: Django would log its 4xx and 5xx here once more
    set_cookies: tuple[tuple[str, str], ...] = ()

    def items(self) -> Iterable[tuple[str, str]]:
        return [*super().items(), *self.set_cookies]


class WholeAnswer(_Forwarded, HttpResponse):
    """A forwarded answer that is here completely."""


class StreamedAnswer(_Forwarded, StreamingHttpResponse):
    """A forwarded answer whose body is still on its way; closing it gives the connection up."""


ForwardedAnswer = WholeAnswer | StreamedAnswer


def answer_from(reply: Reply, fields: Headers, *, method: str, memory_bytes: int) -> ForwardedAnswer:
    """
    Return *reply* for the client.

    A small body is read here, so that a failure is still a 502. A large one is streamed under the Content-Length
    that the other home gave: should it end early, the server in front breaks the connection. A body of unknown size
    would look complete to the client, because servers end a chunked answer properly when an application fails: it is
    spooled first, unless it is a live stream.

    Args:
        memory_bytes: the most that is held in memory.

    Raises:
        RemoteCallError: the body did not arrive, and nothing of the answer was sent.
    """
    head = reply.head
    if method == "HEAD" or head.status in _BODYLESS:
        reply.read_away()
        return _finished(WholeAnswer(), reply, fields, _declared_size(reply) if method == "HEAD" else None)
    if head.size is not None and head.size <= memory_bytes:
        return _finished(WholeAnswer(b"".join(reply)), reply, fields, str(head.size))
    if head.size is not None:
        return _finished(StreamedAnswer(reply), reply, fields, str(head.size))
    if _is_live(fields):
        return _finished(StreamedAnswer(reply), reply, fields, None)
    spool = _Spool(reply, memory_bytes)
    return _finished(StreamedAnswer(spool), reply, fields, str(spool.size))


def _finished(answer: ForwardedAnswer, reply: Reply, fields: Headers, size: str | None) -> ForwardedAnswer:
    answer.status_code = reply.head.status
    answer.reason_phrase = reply.head.reason
    del answer.headers["Content-Type"]  # Django's default; the other home's own is among the fields
    cookies = []
    for name, value in fields:
        if name.lower() == "set-cookie":
            cookies.append((name, value))
        else:
            held = answer.headers.get(name)
            answer.headers[name] = f"{held}, {value}" if held else value  # RFC 9110 5.3
    if size is not None:
        answer.headers["Content-Length"] = size
    answer.set_cookies = tuple(cookies)
    return answer


def _declared_size(reply: Reply) -> str | None:
    """Return the Content-Length of an answer to HEAD: what GET would have sent (RFC 9110 9.3.2)."""
    return next((value for name, value in reply.head.fields if name.lower() == "content-length"), None)


def _is_live(fields: Headers) -> bool:
    for name, value in fields:
        match name.lower():
            case "content-type" if value.lower().startswith("text/event-stream"):
                return True
            case "x-accel-buffering" if value.strip().lower() == "no":
                return True
    return False


class _Spool:
    """A body of unknown size, held until it is complete; in a file beyond *memory_bytes*."""

    def __init__(self, pieces: Iterable[bytes], memory_bytes: int) -> None:
        self._file = SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115 closed with the answer
        try:
            for piece in pieces:
                self._file.write(piece)
        except BaseException:
            self._file.close()
            raise
        self.size = self._file.tell()
        self._file.seek(0)

    def __iter__(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        self._file.close()
