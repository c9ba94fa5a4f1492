"""What the asynchronous provider does by itself: it settles operations, and tells of them by signed webhooks."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

from monolith.payments.sandbox.ledger import Ledger
from monolith.payments.sandbox.tokens import behaviour
from strangler.hosting.rest.webhooks import HEADER, sign

TRIES_MAX = 30
_LATER_S = 0.2
_RETRY_S, _RETRY_MAX_S = 0.2, 30.0
_IDLE_S = 5.0
_TYPE = {"authorize": "authorization", "capture": "capture", "void": "void", "refund": "refund"}


class Deliveries:
    """
    A thread that does what is due.

    Args:
        url: where webhooks go, without the provider's name at its end; empty to send none.
        secret: they are signed with.
        public: the sandbox's own address, as customers know it.
    """

    def __init__(self, ledger: Ledger, url: str, secret: str, *, public: str) -> None:
        self._ledger = ledger
        self._url = url
        self._public = public
        self._secret = secret
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being delivered."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(10)

    def wake(self) -> None:
        """Look again: something has become due."""
        with self._wake:
            self._wake.notify()

    def tell(self, provider: str, operation: Mapping[str, Any]) -> None:
        """Have webhooks delivered of an operation that has come a step further."""
        token = self._ledger.token_of(provider, operation["authorization"])
        kind = behaviour(token)
        manner = kind.webhooks if kind else ""
        now = time.time()
        shown = {name: value for name, value in operation.items() if name != "asked"}
        if operation["state"] == "requires_action":
            shown["action_url"] = f"{self._public}/{provider}/actions/{operation['authorization']}"
        stem = _TYPE[operation["kind"]]
        final = self._keep(provider, f"{stem}.{operation['state']}", shown, due_at=now)
        if operation["sequence"] == 1:  # the step before it is told of as well; it may come late
            late = _LATER_S if manner == "reordered" else -_LATER_S
            self._keep(provider, f"{stem}.pending", {**shown, "state": "pending", "sequence": 0}, due_at=now + late)
        if manner == "duplicate":
            self._ledger.notice(final[0], provider, final[1], due_at=now + _LATER_S, copy=1)
        charged = operation["kind"] in ("authorize", "capture") and operation["state"] == "succeeded"
        if kind and kind.disputed and charged and self._is_captured(provider, operation):
            self._dispute(provider, operation)
        self.wake()

    def _is_captured(self, provider: str, operation: Mapping[str, Any]) -> bool:
        return operation["kind"] == "capture" or bool(json.loads(operation["asked"])["capture"])

    def _dispute(self, provider: str, operation: Mapping[str, Any]) -> None:
        dispute = {
            "id": f"dp_{uuid.uuid4().hex}",
            "authorization": operation["authorization"],
            "amount": operation["amount"],
            "currency": operation["currency"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        self._keep(provider, "dispute.opened", dispute, due_at=time.time() + _LATER_S)

    def _keep(self, provider: str, kind: str, data: Mapping[str, Any], *, due_at: float) -> tuple[str, str]:
        notice_id = f"evt_{uuid.uuid4().hex}"
        body = json.dumps({"id": notice_id, "type": kind, "data": data})
        self._ledger.notice(notice_id, provider, body, due_at=due_at)
        return notice_id, body

    def _run(self) -> None:
        while True:
            for provider, key in self._ledger.due_operations(time.time()):
                self.tell(provider, self._ledger.settle(provider, key))
            for notice in self._ledger.due_notices(time.time()):
                self._ledger.delivered(notice, retry_at=self._deliver(notice))
            with self._wake:
                if self._stopping:
                    return
                due = self._ledger.next_due()
                wait_s = _IDLE_S if due is None else min(_IDLE_S, max(0.0, due - time.time()))
                self._wake.wait(wait_s)
                if self._stopping:
                    return

    def _deliver(self, notice: Any) -> float | None:
        """Send one webhook; return when to send it again, or None when it has arrived or never will."""
        if not self._url:
            return None
        body = notice["body"].encode()
        headers = {HEADER: sign(body, self._secret), "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}/{notice['provider']}", body, headers)  # noqa: S310  given by us
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return None
        except (urllib.error.URLError, OSError):
            if notice["tries"] + 1 >= TRIES_MAX:
                return None
            return time.time() + min(_RETRY_MAX_S, _RETRY_S * 2.0 ** min(notice["tries"], 8))
