"""The providers' HTTP: `/<provider>/v1/...` for the shop, `/<provider>/actions/<id>` for the customer."""

from __future__ import annotations

import hmac
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from monolith.payments.sandbox.deliveries import Deliveries
from monolith.payments.sandbox.ledger import KeyReused, Ledger, NotThere
from monolith.payments.sandbox.tokens import PROVIDERS, Fault

_PATH = re.compile(r"/(?P<provider>\w+)/(?P<part>v1|actions)/(?P<rest>.*)")
_LATER = re.compile(r"authorizations/(?P<id>\w+)/(?P<kind>capture|void|refund)")
_ASYNCHRONOUS = "sandbox_b"
_BODY_MAX = 64 << 10


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How the sandbox behaves.

    Attributes:
        secret: the shop's key.
        settle_s: how long the asynchronous provider takes.
        hang_s: how long a request hangs that is never answered.
        slow_s: how long a slow answer takes.
    """

    secret: str
    settle_s: float = 0.2
    hang_s: float = 30.0
    slow_s: float = 1.0


class Sandbox(ThreadingHTTPServer):
    """Both providers at one address."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], ledger: Ledger, deliveries: Deliveries, manner: Manner) -> None:
        self.ledger = ledger
        self.deliveries = deliveries
        self.manner = manner
        self.stopping = threading.Event()
        super().__init__(address, _Handler)


class _Refused(Exception):
    """A request that is answered with a status and a code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    server: Sandbox
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._serve(self._get)

    def do_POST(self) -> None:
        self._serve(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: paths name payments."""

    def _serve(self, answer: Any) -> None:
        try:
            answer()
        except _Refused as refused:
            self._answer(refused.status, {"code": refused.code})
        except NotThere:
            self._answer(404, {"code": "not_found"})
        except KeyReused:
            self._answer(422, {"code": "idempotency_key_reused"})
        except (KeyError, TypeError, ValueError):
            self._answer(400, {"code": "bad_request"})

    def _get(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/livez":
            return self._answer(200, {"status": "ok"})
        provider, part, rest = self._where(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if part == "actions":
            return self._page(rest)
        self._check_key()
        ledger = self.server.ledger
        if rest == "operations":
            return self._answer(200, {"data": [_shown(one) for one in ledger.day(provider, query["day"])]})
        if rest == "authorizations":
            return self._answer(200, {"data": ledger.authorizations(provider, query["reference"])})
        if rest.startswith("operations/") and (found := ledger.find(provider, unquote(rest.partition("/")[2]))):
            return self._answer(200, self._told(provider, found))
        raise NotThere

    def _post(self) -> None:
        provider, part, rest = self._where(urlsplit(self.path).path)
        body = self._body()
        if part == "actions":
            return self._act(provider, rest, approve=b"approve" in body)
        self._check_key()
        asked = json.loads(body)
        later = _LATER.fullmatch(rest)
        if later:
            wanted = {"authorization": later["id"], "amount": int(asked["amount"]), "currency": asked["currency"]}
            token = self.server.ledger.token_of(provider, later["id"])
            return self._operate(provider, later["kind"], wanted, token)
        if rest != "authorizations":
            raise NotThere
        wanted = {
            "amount": int(asked["amount"]),
            "currency": asked["currency"],
            "reference": asked["reference"],
            "payment_method": asked["payment_method"],
            "capture": bool(asked["capture"]),
        }
        return self._operate(provider, "authorize", wanted, wanted["payment_method"])

    def _operate(self, provider: str, kind: str, asked: Mapping[str, Any], token: str) -> None:
        key = self.headers.get("Idempotency-Key", "")
        if not key:
            raise _Refused(400, "idempotency_key_required")
        fault = self.server.ledger.fault(provider, kind, key, token)
        if fault is Fault.UNAVAILABLE:
            raise _Refused(503, "unavailable")
        if fault is Fault.ERROR:
            raise _Refused(500, "internal_error")
        if fault is Fault.TIMEOUT_BEFORE:
            return self._hang()
        if fault is Fault.SLOW:
            self.server.stopping.wait(self.server.manner.slow_s)
        done = self._done(provider, kind, key, asked)
        if fault is Fault.TIMEOUT_AFTER:
            return self._hang()
        if fault is Fault.ERROR_AFTER:
            raise _Refused(500, "internal_error")
        return self._answer(_STATUS[done["state"]], self._told(provider, done))

    def _done(self, provider: str, kind: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        ledger, asynchronous = self.server.ledger, provider == _ASYNCHRONOUS
        due_at = time.time() + (self.server.manner.settle_s if asynchronous else 0)
        with ledger.lock:
            begun = ledger.begin(provider, kind, key, asked, due_at=due_at)
            done = begun if asynchronous else ledger.settle(provider, key)
        if asynchronous:
            self.server.deliveries.wake()
        return done

    def _act(self, provider: str, authorization_id: str, *, approve: bool) -> None:
        done = self.server.ledger.complete(provider, authorization_id, approve=approve)
        if done is None:
            raise _Refused(409, "nothing_to_do")
        if provider == _ASYNCHRONOUS:
            self.server.deliveries.tell(provider, done)
        self._answer(200, {"state": done["state"]})

    def _page(self, authorization_id: str) -> None:
        """What a customer sees."""
        if not re.fullmatch(r"auth_[0-9a-f]{32}", authorization_id):
            raise NotThere
        buttons = "".join(f"<button name=answer value={word}>{word}</button> " for word in ("approve", "reject"))
        self._send(200, f"<title>Sandbox</title><form method=post>{buttons}</form>".encode(), "text/html")

    def _where(self, path: str) -> tuple[str, str, str]:
        match = _PATH.fullmatch(path)
        if match is None or match["provider"] not in PROVIDERS:
            raise NotThere
        return match["provider"], match["part"], match["rest"]

    def _check_key(self) -> None:
        expected = f"Bearer {self.server.manner.secret}".encode()
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected):
            raise _Refused(401, "wrong_key")

    def _body(self) -> bytes:
        size = int(self.headers.get("Content-Length", 0))
        if not 0 <= size <= _BODY_MAX:
            raise _Refused(413, "too_large")
        return self.rfile.read(size)

    def _told(self, provider: str, operation: Mapping[str, Any]) -> dict[str, Any]:
        told = _shown(operation)
        if told["state"] == "requires_action":
            told["action_url"] = f"http://{self.headers['Host']}/{provider}/actions/{told['authorization']}"
        return told

    def _hang(self) -> None:
        """Leave the caller without an answer."""
        self.server.stopping.wait(self.server.manner.hang_s)
        self.close_connection = True

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


_STATUS = {"pending": 202, "requires_action": 200, "succeeded": 200, "failed": 402}


def _shown(operation: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name != "asked"}
