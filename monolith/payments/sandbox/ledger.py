"""The books of the sandbox's providers: every operation under its idempotency key, and what it did."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monolith.payments.sandbox.tokens import BRANDS, Behaviour, Fault, behaviour

HOLD = timedelta(days=7)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS operation (
  provider TEXT, key TEXT, id TEXT, kind TEXT, authorization_id TEXT, amount INTEGER, currency TEXT, state TEXT,
  code TEXT DEFAULT '', decline_code TEXT DEFAULT '', asked TEXT, created_at TEXT, due_at REAL,
  sequence INTEGER DEFAULT 0, PRIMARY KEY (provider, key));
CREATE TABLE IF NOT EXISTS authorization (
  provider TEXT, id TEXT PRIMARY KEY, reference TEXT, token TEXT, amount INTEGER, currency TEXT, at_once INTEGER,
  state TEXT, charged INTEGER DEFAULT 0, captured INTEGER DEFAULT 0, refunded INTEGER DEFAULT 0, expires_at TEXT);
CREATE TABLE IF NOT EXISTS struck (provider TEXT, key TEXT, PRIMARY KEY (provider, key));
CREATE TABLE IF NOT EXISTS notice (
  id TEXT, copy INTEGER, provider TEXT, body TEXT, due_at REAL, tries INTEGER DEFAULT 0, done INTEGER DEFAULT 0,
  PRIMARY KEY (id, copy));
"""
_GONE = "authorization_gone"


class KeyReused(Exception):
    """The idempotency key belongs to another request."""


class NotThere(Exception):
    """There is no such authorisation."""


class Ledger:
    """
    The books, in a SQLite file or in memory; one operation at a time.

    Attributes:
        lock: held while the books are used.
    """

    def __init__(self, file: str = ":memory:") -> None:
        self.lock = threading.RLock()
        self._books = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._books.row_factory = sqlite3.Row
        self._books.executescript(_SCHEMA)

    def fault(self, provider: str, kind: str, key: str, token: str) -> Fault | None:
        """Return what is to go wrong with this request; most faults strike a key once."""
        card = behaviour(token)
        fault = card.fault_of(kind, provider) if card else None
        if fault in (None, Fault.FAILS, Fault.UNAVAILABLE):
            return fault
        with self.lock:
            struck = self._run("INSERT OR IGNORE INTO struck VALUES (?, ?)", provider, key).rowcount
        return fault if struck else None

    def token_of(self, provider: str, authorization_id: str) -> str:
        """Return what an authorisation was made with. Raises NotThere."""
        return str(self._authorization(provider, authorization_id)["token"])

    def begin(self, provider: str, kind: str, key: str, asked: Mapping[str, Any], *, due_at: float) -> dict[str, Any]:
        """
        Note an operation that is to be settled; a repeat finds the first one, settled or not.

        Args:
            asked: amount and currency; of an authorisation also reference, payment_method and capture; otherwise
                authorization.

        Raises:
            KeyReused, NotThere: nothing was noted.
        """
        text = json.dumps(asked, sort_keys=True)
        with self.lock:
            if (known := self.find(provider, key)) is not None:
                if known["asked"] != text:
                    raise KeyReused
                return known
            now = datetime.now(UTC)
            if kind == "authorize":
                authorization_id = f"auth_{uuid.uuid4().hex}"
                self._run(
                    "INSERT INTO authorization (provider, id, reference, token, amount, currency, at_once, state,"
                    " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'new', ?)",
                    provider, authorization_id, asked["reference"], asked["payment_method"], asked["amount"],
                    asked["currency"], int(asked["capture"]), (now + HOLD).isoformat(),
                )  # fmt: skip
            else:
                authorization_id = self._authorization(provider, asked["authorization"])["id"]
            self._run(
                "INSERT INTO operation (provider, key, id, kind, authorization_id, amount, currency, state, asked,"
                " created_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)",
                provider, key, f"op_{uuid.uuid4().hex}", kind, authorization_id, asked["amount"], asked["currency"],
                text, now.isoformat(), due_at,
            )  # fmt: skip
            made = self.find(provider, key)
            assert made is not None
            return made

    def settle(self, provider: str, key: str) -> dict[str, Any]:
        """Give a pending operation its effect, once, and return it."""
        with self.lock:
            operation = self.find(provider, key)
            assert operation is not None
            if operation["state"] == "pending":
                self._run("BEGIN")
                effect = getattr(self, f"_{operation['kind']}")
                state, code, decline_code = effect(self._authorization(provider, operation["authorization"]), operation)
                self._close(provider, key, state, code, decline_code)
                self._run("COMMIT")
            found = self.find(provider, key)
            assert found is not None
            return found

    def complete(self, provider: str, authorization_id: str, *, approve: bool) -> dict[str, Any] | None:
        """Let the customer prove who they are, or fail to; None when nobody waits for that."""
        with self.lock:
            row = self._run(
                "SELECT key FROM operation WHERE provider = ? AND authorization_id = ? AND kind = 'authorize'"
                " AND state = 'requires_action'",
                provider, authorization_id,
            ).fetchone()  # fmt: skip
            if row is None:
                return None
            if approve:
                self._approve(self._authorization(provider, authorization_id))
                self._close(provider, row["key"], "succeeded", "", "")
            else:
                self._close(provider, row["key"], "failed", "authentication_required", "")
            return self.find(provider, row["key"])

    def find(self, provider: str, key: str) -> dict[str, Any] | None:
        """Return an operation as JSON, by its idempotency key."""
        with self.lock:
            row = self._run("SELECT * FROM operation WHERE provider = ? AND key = ?", provider, key).fetchone()
            return None if row is None else self._told(row)

    def day(self, provider: str, day: str) -> list[dict[str, Any]]:
        """Return every operation of a day of UTC, in order."""
        with self.lock:
            rows = self._run(
                "SELECT * FROM operation WHERE provider = ? AND created_at LIKE ? ORDER BY created_at",
                provider, f"{day}%",
            ).fetchall()  # fmt: skip
            return [self._told(row) for row in rows]

    def authorizations(self, provider: str, reference: str) -> list[dict[str, Any]]:
        """Return what was really set aside and charged under a reference of the shop's."""
        with self.lock:
            rows = self._run(
                "SELECT * FROM authorization WHERE provider = ? AND reference = ?", provider, reference
            ).fetchall()
            names = ("id", "reference", "state", "amount", "currency", "charged", "captured", "refunded")
            return [{name: row[name] for name in names} for row in rows]

    def due_operations(self, now: float) -> list[tuple[str, str]]:
        """Return provider and key of what is to be settled now."""
        with self.lock:
            rows = self._run("SELECT provider, key FROM operation WHERE state = 'pending' AND due_at <= ?", now)
            return [(row["provider"], row["key"]) for row in rows.fetchall()]

    def notice(self, notice_id: str, provider: str, body: str, *, due_at: float, copy: int = 0) -> None:
        """Keep a webhook that is to be delivered."""
        with self.lock:
            self._run(
                "INSERT INTO notice (id, copy, provider, body, due_at) VALUES (?, ?, ?, ?, ?)",
                notice_id, copy, provider, body, due_at,
            )  # fmt: skip

    def due_notices(self, now: float) -> list[sqlite3.Row]:
        """Return the webhooks to deliver now, the one that waits longest first."""
        with self.lock:
            return self._run("SELECT * FROM notice WHERE NOT done AND due_at <= ? ORDER BY due_at", now).fetchall()

    def delivered(self, notice: sqlite3.Row, *, retry_at: float | None) -> None:
        """Note what became of a delivery."""
        with self.lock:
            self._run(
                "UPDATE notice SET tries = tries + 1, done = ?, due_at = ? WHERE id = ? AND copy = ?",
                int(retry_at is None), retry_at or notice["due_at"], notice["id"], notice["copy"],
            )  # fmt: skip

    def next_due(self) -> float | None:
        """Return when there is something to settle or to deliver next."""
        with self.lock:
            row = self._run(
                "SELECT min(due_at) AS due FROM (SELECT due_at FROM operation WHERE state = 'pending'"
                " UNION ALL SELECT due_at FROM notice WHERE NOT done)"
            ).fetchone()
            return None if row["due"] is None else float(row["due"])

    def _authorize(self, row: sqlite3.Row, _: Mapping[str, Any]) -> tuple[str, str, str]:
        card = behaviour(row["token"])
        if row["state"] == "voided":
            return "failed", "canceled", ""
        if card is None:
            return "failed", "card_declined", "invalid_token"
        if card.fault_of("authorize", row["provider"]) is Fault.FAILS:
            return "failed", "card_declined", "generic_decline"
        if card.decline_code:
            return "failed", "card_declined", card.decline_code
        if card.action:
            return "requires_action", "", ""
        self._approve(row)
        return "succeeded", "", ""

    def _approve(self, row: sqlite3.Row) -> None:
        captured = row["amount"] if row["at_once"] else 0
        self._run(
            "UPDATE authorization SET state = ?, charged = charged + 1, captured = ? WHERE id = ?",
            "captured" if captured else "authorized", captured, row["id"],
        )  # fmt: skip

    def _capture(self, row: sqlite3.Row, operation: Mapping[str, Any]) -> tuple[str, str, str]:
        if self._fails(row, "capture"):
            self._run("UPDATE authorization SET state = 'voided' WHERE id = ?", row["id"])
            return "failed", _GONE, ""
        if row["state"] != "authorized":
            return "failed", "already_captured" if row["captured"] else _GONE, ""
        if operation["amount"] > row["amount"]:
            return "failed", "amount_too_large", ""
        self._run(
            "UPDATE authorization SET state = 'captured', captured = ? WHERE id = ?", operation["amount"], row["id"]
        )
        return "succeeded", "", ""

    def _void(self, row: sqlite3.Row, _: Mapping[str, Any]) -> tuple[str, str, str]:
        if row["captured"]:
            return "failed", "already_captured", ""
        if self._fails(row, "void"):
            return "failed", "void_refused", ""
        self._run("UPDATE authorization SET state = 'voided' WHERE id = ?", row["id"])
        waiting = self._run(
            "SELECT key FROM operation WHERE authorization_id = ? AND kind = 'authorize'"
            " AND state IN ('pending', 'requires_action')",
            row["id"],
        ).fetchall()  # fmt: skip
        for one in waiting:
            self._close(row["provider"], one["key"], "failed", "canceled", "")
        return "succeeded", "", ""

    def _refund(self, row: sqlite3.Row, operation: Mapping[str, Any]) -> tuple[str, str, str]:
        if self._fails(row, "refund"):
            return "failed", "account_closed", ""
        if row["refunded"] + operation["amount"] > row["captured"]:
            return "failed", "amount_too_large", ""
        self._run("UPDATE authorization SET refunded = refunded + ? WHERE id = ?", operation["amount"], row["id"])
        return "succeeded", "", ""

    def _fails(self, row: sqlite3.Row, kind: str) -> bool:
        card: Behaviour | None = behaviour(row["token"])
        return card is not None and card.fault_of(kind, row["provider"]) is Fault.FAILS

    def _close(self, provider: str, key: str, state: str, code: str, decline_code: str) -> None:
        self._run(
            "UPDATE operation SET state = ?, code = ?, decline_code = ?, sequence = sequence + 1"
            " WHERE provider = ? AND key = ?",
            state, code, decline_code, provider, key,
        )  # fmt: skip

    def _authorization(self, provider: str, authorization_id: str) -> sqlite3.Row:
        with self.lock:
            row: sqlite3.Row | None = self._run(
                "SELECT * FROM authorization WHERE provider = ? AND id = ?", provider, authorization_id
            ).fetchone()
        if row is None:
            raise NotThere
        return row

    def _told(self, row: sqlite3.Row) -> dict[str, Any]:
        authorization = self._authorization(row["provider"], row["authorization_id"])
        names = ("id", "key", "kind", "amount", "currency", "state", "code", "decline_code", "created_at", "sequence")
        told = {name: row[name] for name in names}
        return told | {
            "authorization": row["authorization_id"],
            "asked": row["asked"],
            "expires_at": authorization["expires_at"],
            "card": _card(authorization["token"]) if row["kind"] == "authorize" else None,
        }

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._books.execute(statement, values)


def _card(token: str) -> dict[str, Any]:
    """What may be shown of a card."""
    card = behaviour(token)
    brand, last4 = BRANDS[card.brand if card else "visa"]
    fingerprint = hashlib.sha256(token.encode()).hexdigest()[:16]
    return {"brand": brand, "last4": last4, "exp_month": 12, "exp_year": 2034, "fingerprint": fingerprint}
