"""What the monolith does in the benchmark, once Django is set up: call the shelf, here and elsewhere."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.signals import request_finished, request_started

from benchmarks.shelf.contract import Line, shelf
from benchmarks.shelf.local import ITEM, implementation
from strangler.bindings import loopback
from strangler.conf import get_conf
from strangler.contract import Codec
from strangler.state import follower
from strangler.transport.client import Outgoing, upstream
from strangler.transport.content import Content

SKUS = ("MUG-000001",)
LINES = (Line(sku="MUG-000001", quantity=2), Line(sku="MUG-000002", quantity=1))
Action = Callable[[], Any]


@contextmanager
def in_a_request() -> Iterator[None]:
    """Let what runs be counted as the calls of one request."""
    request_started.send(sender=None, environ={})
    try:
        yield
    finally:
        request_finished.send(sender=None)


def local_actions() -> dict[str, Action]:
    """Return a plain call and the same through the port; a query that returns at once."""
    _until(lambda: follower.leased())
    assert shelf().items(skus=SKUS) == (ITEM,)
    return {
        "a plain call": lambda: implementation.items(skus=SKUS),
        "through the port": lambda: shelf().items(skus=SKUS),
    }


@contextmanager
def looped_back() -> Iterator[Action]:
    """Provide the query through the binding of tests, which runs it twice."""
    with loopback(shelf) as client:
        yield lambda: client.items(skus=SKUS)


def move() -> None:
    """Move the shelf to its service, and wait until this process knows."""
    call_command("strangler", "toggle", "shelf", "service", "--yes", verbosity=0)
    _until(lambda: follower.table().capabilities["shelf"].writer == "service")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def remote_actions() -> dict[str, Action]:
    """Return the operations as calls to the service, and round trips to it that do as little as they can."""
    codecs = {name: Codec(operation) for name, operation in shelf.contract.operations.items()}
    asked = codecs["items"].encode_arguments({"skus": SKUS})
    ordered = codecs["put"].encode_arguments({"order_id": uuid.uuid4(), "lines": LINES})
    return {
        "a bare round trip": _bare("/bare", asked),
        "a bare round trip with a log line and figures": _bare("/noted", asked),
        "a query": lambda: shelf().items(skus=SKUS),
        "a bare round trip that writes a row": _bare("/effect", ordered),
        "a command that writes the same row": lambda: shelf().put(order_id=uuid.uuid4(), lines=LINES),
    }


def _bare(target: str, body: bytes) -> Action:
    """A document there and back by the same client over the same connections, and nothing else."""
    conf = get_conf()
    url = conf.capabilities["shelf"].internal_url or ""
    there = upstream(url, conf.connect_timeout_s, conf.max_upstream_connections)
    fields = [("Host", there.authority), ("Content-Type", "application/json")]

    def exchange() -> bytes:
        return b"".join(there.send(Outgoing("POST", target, fields, Content(body), 1.0, repeatable=True)))

    return exchange
