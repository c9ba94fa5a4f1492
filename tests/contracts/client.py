"""A client that knows HTTP and nothing of the project."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

# 503 with Retry-After tells to repeat with the same key; a switch under way may answer so to the one request it met.
REPEATS_MAX = 20


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.content)

    @property
    def etag(self) -> str:
        """The validator."""
        return self.headers["ETag"]

    @property
    def replayed(self) -> bool:
        """Whether this is the recorded answer of an earlier request."""
        return self.headers.get("Idempotent-Replayed") == "true"


@dataclass(frozen=True)
class Client:
    """Speaks to the app mounted at *mount* of one address, as somebody or as nobody."""

    url: str
    token: str | None = None
    mount: str = ""

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: Any) -> Answer:
        """GET; the query's underscores stay, `attr` filters go into *path* by hand."""
        return self.send("GET", path + (f"?{urlencode(query)}" if query else ""), headers=headers)

    def create(self, path: str, body: Any, *, key: str | None = None) -> Answer:
        """POST with a key, a fresh one unless given."""
        return self.send("POST", path, body=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def change(self, method: str, path: str, body: Any, *, tag: str) -> Answer:
        """PUT, PATCH or DELETE of the version that *tag* names."""
        return self.send(method, path, body=body, headers={"If-Match": tag})

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Send one request on a connection of its own, and repeat it while the answer is a 503 `moved_midway`."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = dict(headers or {})
        if content:
            sent.setdefault("Content-Type", "application/json")
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        for _ in range(REPEATS_MAX):
            answer = self._once(method, path, content, sent)
            if answer.status != 503 or answer.json.get("code") != "moved_midway":
                break
            print(f"repeated after moved_midway: {method} {path}")
        return answer

    def _once(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            # A server may answer before it has read everything (RFC 9112 9.5); what it says counts.
            with suppress(BrokenPipeError):
                target = path if path.startswith(self.mount) else self.mount + path
                connection.request(method, target, content or None, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def created(answer: Answer) -> Answer:
    """Assert that something was made."""
    assert answer.status == 201, answer.content
    return answer


def pages(client: Client, path: str, **query: Any) -> Iterable[dict[str, Any]]:
    """Walk a list by its `next` cursors."""
    page = client.get(path, **query).json
    yield page
    while page["next"] is not None:
        page = client.get(path, **query, cursor=page["next"]).json
        yield page
