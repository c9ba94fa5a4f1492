"""
The content of a request, kept raw so that it can run again elsewhere (R6).

Parsing consumes a request's stream, and after a multipart parse not even Django has the bytes. So up to
`REPLAY_LIMIT_BYTES` are kept here, in memory first and then in a spool file. Larger content, and content of unknown
size, is `large`: it is left unread until the home that may have it is known, and then read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO

from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest

from strangler.conf import Conf
from strangler.transport.errors import BadRequest, BodyCut, LengthRequired
from strangler.transport.wire import PIECE_BYTES


def body_of(request: HttpRequest, conf: Conf) -> RequestBody | None:
    """
    Return the request's content, unread, or None when it has none.

    Raises:
        BadRequest: its framing is not valid or not unambiguous.
    """
    environ = request.META
    length = environ.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in environ:
        if length:
            raise BadRequest("both Content-Length and Transfer-Encoding are given")  # RFC 9112 6.3
        return RequestBody(request, None, conf)
    if not length or length == "0":
        return None
    if not (length.isascii() and length.isdigit()):
        raise BadRequest("Content-Length is not a number")  # RFC 9110 8.6
    return RequestBody(request, int(length), conf)


class RequestBody:
    """
    The content of one request.

    Attributes:
        size: bytes; None until the end of chunked content was seen.
        large: not kept before the home that takes it is known.
        replayable: the content may still be read from its beginning.
    """

    def __init__(self, request: HttpRequest, size: int | None, conf: Conf) -> None:
        self.size = size
        self.large = size is None or size > conf.replay_limit_bytes
        self._request = request
        self._limit_bytes = conf.replay_limit_bytes
        self._memory_bytes = conf.memory_limit_bytes
        # Django's own stream believes that content without a Content-Length is empty.
        self._source: IO[bytes] = request.META["wsgi.input"] if size is None else request  # type: ignore[assignment]
        self._kept: IO[bytes] | None = None
        self._started = False

    @property
    def replayable(self) -> bool:
        """Whether nothing was read yet, or everything is kept."""
        return self._kept is not None or not (self._started or vars(self._request)["_read_started"])

    def keep(self) -> None:
        """
        Read the content and keep it; a second time does nothing.

        Raises:
            BodyCut: the client stopped early.
            LengthRequired: it is chunked and longer than the replay limit.
        """
        if self._kept is not None:
            return
        if self.size is not None and self.size <= self._memory_bytes:
            self._kept = BytesIO(b"".join(self._incoming()))
            return
        self._kept = self._spool()

    def _spool(self) -> IO[bytes]:
        kept = SpooledTemporaryFile(max_size=self._memory_bytes)  # noqa: SIM115 closed by close()
        try:
            for piece in self._incoming():
                kept.write(piece)
                if kept.tell() > self._limit_bytes:
                    raise LengthRequired(f"chunked content is read up to {self._limit_bytes} bytes: say Content-Length")
        except BaseException:
            kept.close()
            raise
        self.size, self.large = kept.tell(), False
        return kept

    def pieces(self) -> Iterator[bytes]:
        """
        Yield the content: from what is kept, else from the client, once.

        Raises:
            BodyCut: the client stopped early.
        """
        if not self.large:
            self.keep()
        if self._kept is None:
            yield from self._incoming()
            return
        self._kept.seek(0)
        while piece := self._kept.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        """Forget the content."""
        if self._kept is not None:
            self._kept.close()

    def _incoming(self) -> Iterator[bytes]:
        self._started = True
        left = self.size
        while left is None or left:
            try:
                piece = self._source.read(PIECE_BYTES if left is None else min(left, PIECE_BYTES))
            except OSError as error:
                raise BodyCut("the client's connection broke") from error
            if not piece:
                break
            left = None if left is None else left - len(piece)
            yield piece
        if left:
            raise BodyCut(f"{left} bytes are missing")  # RFC 9112 8

    def give_to(self, request: HttpRequest) -> None:
        """
        Let *request* be parsed from the beginning of its content, however often it was parsed before.

        Content too large to keep is left to be read from the client.
        """
        if self.size is None or not self.large:
            self.keep()
        if self._kept is None or self.size is None:
            return
        self._kept.seek(0)
        request.META["CONTENT_LENGTH"] = str(self.size)
        request.META.pop("HTTP_TRANSFER_ENCODING", None)
        stream = LimitedStream(self._kept, self.size)  # type: ignore[arg-type]
        vars(request).update(_stream=stream, _read_started=False)
        for parsed in ("_body", "_post", "_files"):
            vars(request).pop(parsed, None)
