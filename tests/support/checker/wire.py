"""One client with its own keep-alive connections and cookies: nothing is repeated behind the caller's back."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON, or an empty object when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def code(self) -> str:
        """The problem's code (RFC 9457), or an empty string."""
        data = self.data
        return str(data.get("code", "")) if isinstance(data, dict) else ""


class NoAnswer(Exception):
    """The connection failed or ended before a complete answer: the outcome is unknown."""


class Client:
    """A person at one front door: one connection, one cookie jar."""

    def __init__(self, door: str, *, timeout_s: float) -> None:
        parts = urlsplit(door)
        self._host, self._port, self._timeout_s = parts.hostname or "127.0.0.1", parts.port or 80, timeout_s
        self._connection: http.client.HTTPConnection | None = None
        self._cookies: dict[str, str] = {}

    def send(self, method: str, path: str, *, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send one request and return its whole answer. Raises: NoAnswer."""
        try:
            return self._exchange(method, path, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        if self._cookies:
            headers = headers | {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        for line in response.msg.get_all("Set-Cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer
