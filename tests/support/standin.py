"""A small stand-in for the catalog, over SQLite, that can be told to misbehave: it tries the checker alone."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE catalog_product (id TEXT PRIMARY KEY, slug TEXT UNIQUE, name TEXT, version INTEGER, attributes TEXT);
CREATE TABLE catalog_variant (id INTEGER PRIMARY KEY, product_id TEXT);
CREATE TABLE catalog_price_history (id INTEGER PRIMARY KEY, variant_id INTEGER);
CREATE TABLE strangler_ownership (capability TEXT PRIMARY KEY, owner TEXT, epoch INTEGER, attempt TEXT);
INSERT INTO strangler_ownership VALUES ('catalog', 'monolith', 1, '');
"""


@dataclass(slots=True)
class StandIn:
    """One home. *misbehave* maps the number of a write to what goes wrong with it."""

    database: Path
    misbehave: dict[int, str] = field(default_factory=dict)
    door: str = ""
    writes: int = 0
    remembered: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.execute(SCHEMA)

    def execute(self, script: str) -> None:
        """Run SQL behind everybody's back."""
        with self._connected() as connection:
            connection.executescript(script)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            yield connection

    def write(
        self, key: str, method: str, path: str, body: dict[str, Any], version: str
    ) -> tuple[int, dict[str, Any], bool]:
        """Return (status, body, replayed) of a write; twice, lost or refused when told so."""
        with self.lock:
            if key in self.remembered:
                return *self.remembered[key], True
            self.writes += 1
            fault = self.misbehave.get(self.writes)
            if fault == "refuse":
                return 503, {"code": "moved_midway"}, False
            status, answer = self._apply(method, path, body, version)
            if fault == "twice":
                self._apply(method, path, body | {"slug": f"{uuid.uuid4()}"}, f'"{answer["version"]}"')
            if fault == "lose":
                self._undo(answer)
            if fault == "break":
                return 500, {"code": "bug"}, False
            if fault != "forget":
                self.remembered[key] = (status, answer)
            return status, answer, False

    def _apply(self, method: str, path: str, body: dict[str, Any], version: str) -> tuple[int, dict[str, Any]]:
        attributes = json.dumps(body["attributes"])
        with self._connected() as connection:
            if method == "POST":
                made = (str(uuid.uuid4()), body["slug"], body["name"], 1, attributes)
                if not connection.execute(
                    "INSERT OR IGNORE INTO catalog_product VALUES (?, ?, ?, ?, ?)", made
                ).rowcount:
                    return 409, {"code": "slug_taken"}
                variant = connection.execute("INSERT INTO catalog_variant (product_id) VALUES (?)", made[:1]).lastrowid
                connection.execute("INSERT INTO catalog_price_history (variant_id) VALUES (?)", (variant,))
                return 201, {"id": made[0], "version": 1, "attributes": body["attributes"]}
            product = path.rsplit("/", 1)[1]
            new = int(version.strip('"')) + 1
            sql = "UPDATE catalog_product SET version = ?, attributes = ? WHERE id = ? AND version = ?"
            if not connection.execute(sql, (new, attributes, product, new - 1)).rowcount:
                return 412, {"code": "version_conflict"}
            return 200, {"id": product, "version": new, "attributes": body["attributes"]}

    def _undo(self, answer: dict[str, Any]) -> None:
        with self._connected() as connection:
            if answer["version"] == 1:
                connection.execute("DELETE FROM catalog_product WHERE id = ?", (answer["id"],))
            else:
                connection.execute("UPDATE catalog_product SET version = version - 1 WHERE id = ?", (answer["id"],))

    def read(self, product: str) -> tuple[int, dict[str, Any]]:
        """Return (status, body) of a detail."""
        with self._connected() as connection:
            sql = "SELECT id, version, attributes FROM catalog_product WHERE id = ?"
            found = connection.execute(sql, (product,)).fetchone()
        if found is None:
            return 404, {"code": "not_found"}
        return 200, {"id": found[0], "version": found[1], "attributes": json.loads(found[2])}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    home: StandIn

    def do_GET(self) -> None:
        product = self.path.rpartition("products")[2].strip("/")
        status, body = (200, {"data": []}) if product.startswith("?") else self.home.read(product)
        self._answer(status, body, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key, version = self.headers["Idempotency-Key"], self.headers.get("If-Match", "")
        status, answer, replayed = self.home.write(key, self.command, self.path, body, version)
        headers = {"Idempotent-Replayed": "true"} if replayed else {}
        self._answer(status, answer, headers | {"Retry-After": "0"})

    do_PATCH = do_POST

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        etag = {"ETag": f'"{body["version"]}"'} if "version" in body else {}
        for name, value in {
            **headers,
            **etag,
            "Content-Length": str(len(content)),
            "Strangler-Home": "monolith",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def standing_in(database: Path, misbehave: dict[int, str] | None = None) -> Iterator[StandIn]:
    """Serve a stand-in catalog until the block ends."""
    home = StandIn(database, misbehave or {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"home": home}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    home.door = f"http://127.0.0.1:{server.server_port}"
    try:
        yield home
    finally:
        server.shutdown()
        server.server_close()
