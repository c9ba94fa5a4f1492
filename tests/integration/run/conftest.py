"""One real platform for the tests that only look at it, with an OTLP receiver beside it."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monolith.config.run.platform import Platform, Wishes


def eventually(truth: Callable[[], Any], within_s: float = 30.0) -> Any:
    """Return what *truth* says once it says something."""
    deadline = time.monotonic() + within_s
    while not (found := truth()):
        assert time.monotonic() < deadline, f"{truth} never came true"
        time.sleep(0.05)
    return found


class Receiver:
    """Takes spans over OTLP HTTP, as any collector does."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {a.key: a.value.string_value for a in of_resource.resource.attributes}
            for scope in of_resource.scope_spans:
                for span in scope.spans:
                    self.spans.append({
                        "service": names["service.name"], "scope": scope.scope.name, "name": span.name,
                        "trace": span.trace_id.hex(), "span": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                    })  # fmt: skip

    def of(self, trace_id: str) -> list[dict[str, Any]]:
        """Return the spans of one trace that have arrived."""
        return [span for span in list(self.spans) if span["trace"] == trace_id]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that others may enter: as root the database server runs under another account."""
    with tempfile.TemporaryDirectory(prefix="strangler-run-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def platform(receiver: Receiver) -> Iterator[Platform]:
    """A platform on free ports with few products; every test leaves the catalog in the monolith."""
    environment = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "TASK_VISIBILITY_S": "4",
    }
    with open_folder() as folder:
        wishes = Wishes(folder, None, products=40, threads=16, environment=environment)
        with Platform(wishes) as running:
            yield running


@pytest.fixture
def moved(platform: Platform) -> Iterator[Platform]:
    """The platform while the catalog lives in its service."""
    platform.manage("strangler", "toggle", "catalog", "service", "--yes")
    yield platform
    platform.manage("strangler", "toggle", "catalog", "monolith", "--yes")
