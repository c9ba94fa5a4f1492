"""HTTP of the sandbox."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from extracted.shipping.sandbox.carriers import (
    AFTER_EFFECT,
    BROKEN,
    CARRIERS,
    CUT,
    CUT_AFTER,
    FAILED,
    FRAIL,
    NONSENSE,
    SLOW,
    Books,
    Refusal,
)
from extracted.shipping.sandbox.journeys import FORGED, OLD
from strangler.hosting.rest.webhooks import HEADER, sign

_LABEL = re.compile(r"/labels/(?P<key>[0-9a-f-]{1,64})(?P<void>/void)?")
_NOBODY_WAITS_S = 30
_TELLING_TIMEOUT_S = 5


class Sandbox(ThreadingHTTPServer):
    """
    The carriers, listening.

    Args:
        webhook_url: where what happens is told, the carrier's code is added; `POST /webhook` changes it.
        secret: signs what is told.
    """

    daemon_threads = True

    def __init__(self, port: int, *, webhook_url: str, secret: str, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), _Handler)
        self.books = Books()
        self.webhook_url = webhook_url
        self.secret = secret

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self.server_port}"

    def tell(self) -> list[dict[str, Any]]:
        """Tell everything that is due; what is not taken with a 2xx is told again next time."""
        answers = []
        for label, index, event in self.books.to_tell() if self.webhook_url else ():
            status = self._post(label.carrier, event, label.postal_code)
            if 200 <= status < 300 or label.postal_code in (FORGED, OLD):
                self.books.told(label, index)
            answers.append({"id": event["id"], "status": event["status"], "answer": status})
        return answers

    def _post(self, carrier: str, event: Mapping[str, Any], postal_code: str) -> int:
        body = json.dumps(event).encode()
        secret = "somebody-else" if postal_code == FORGED else self.secret
        at = int(time.time()) - (3_600 if postal_code == OLD else 0)
        headers = {"Content-Type": "application/json", HEADER: sign(body, secret, at=at)}
        request = urllib.request.Request(f"{self.webhook_url}/{carrier}", body, headers)  # noqa: S310  given by whoever started it
        try:
            with urllib.request.urlopen(request, timeout=_TELLING_TIMEOUT_S) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0


class _Handler(BaseHTTPRequestHandler):
    server: Sandbox
    protocol_version = "HTTP/1.1"
    routes: ClassVar = {"/clock": "_clock", "/webhook": "_webhook", "/ledger": "_ledger", "/livez": "_livez"}

    def do_GET(self) -> None:
        self._run({})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        try:
            self._run(json.loads(self.rfile.read(size) or b"{}"))
        except ValueError:
            self._answer(400, {"message": "This is no JSON."})

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was asked can be read at /ledger."""

    def _run(self, body: Any) -> None:
        try:
            if (own := self.routes.get(self.path)) is not None:
                getattr(self, own)(body)
                return
            carrier, _, rest = self.path.lstrip("/").partition("/")
            if carrier not in CARRIERS:
                raise Refusal(404, "There is no such carrier.")
            self.server.books.tick()
            self.server.books.calls[f"{self.command} {carrier} {rest.partition('/')[0]}"] += 1
            self._carrier(carrier, "/" + rest, body)
        except Refusal as refusal:
            self._answer(refusal.status, {"message": str(refusal)})
        except (KeyError, TypeError) as error:
            self._answer(400, {"message": f"Something is missing: {error}"})

    def _carrier(self, carrier: str, path: str, body: Any) -> None:
        if path == "/rates":
            self._rates(carrier, body)
        elif path == "/labels":
            self._buy(carrier, self.headers.get("Idempotency-Key") or "", body)
        elif (found := _LABEL.fullmatch(path)) is None:
            raise Refusal(404, "There is nothing here.")
        elif found["void"]:
            self.server.books.void(found["key"])
            self._answer(200, {})
        else:
            label = self.server.books.find(found["key"])
            if label is None or label.carrier != carrier:
                raise Refusal(404, "No label was bought with this key.")
            self._answer(200, label.json(self.server.url))

    def _rates(self, carrier: str, body: Any) -> None:
        code = body["to"]["postal_code"] if carrier == FRAIL else ""
        if code == SLOW:
            self._keep_waiting()
        elif code == BROKEN:
            self._answer(500, {"message": "Something went wrong."})
        elif code == NONSENSE:
            self._send(200, b"<html>it works</html>")
        elif code == CUT:
            self.close_connection = True
        else:
            self._answer(200, {"rates": self.server.books.rates(carrier, body)})

    def _buy(self, carrier: str, key: str, body: Any) -> None:
        if not key:
            raise Refusal(400, "Send an Idempotency-Key.")
        fault = self.server.books.fault(key, body["to"]["postal_code"])
        if fault is not None and fault not in AFTER_EFFECT:
            if fault == FAILED:
                self._answer(500, {"message": "Something went wrong."})
            else:
                self._keep_waiting()
            return
        label = self.server.books.buy(carrier, key, body)
        if fault == CUT_AFTER:
            self.close_connection = True
        elif fault is not None:
            self._keep_waiting()
        else:
            self._answer(201, label.json(self.server.url))

    def _clock(self, body: Any) -> None:
        now = self.server.books.tick(float(body.get("advance_s", 0)))
        self._answer(200, {"now": now, "told": self.server.tell()})

    def _webhook(self, body: Any) -> None:
        self.server.webhook_url = str(body["url"])
        self._answer(200, {})

    def _ledger(self, _: Any) -> None:
        self._answer(200, {"labels": self.server.books.ledger(), "calls": dict(self.server.books.calls)})

    def _livez(self, _: Any) -> None:
        self._answer(200, {})

    def _keep_waiting(self) -> None:
        """Answer nothing until whoever asked has given up."""
        self.close_connection = True
        self.connection.settimeout(_NOBODY_WAITS_S)
        try:
            self.connection.recv(1)
        except OSError:
            return

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, raw: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
