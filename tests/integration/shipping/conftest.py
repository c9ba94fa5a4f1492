"""Shipping on each database, with real carriers over HTTP in a thread."""

from __future__ import annotations

import pytest

from extracted.shipping.sandbox.carriers import Books
from extracted.shipping.seed import settle
from tests.unit.shipping.conftest import SECRET, sandbox

__all__ = ["sandbox"]


@pytest.fixture
def books(homes, sandbox, settings):
    """The carriers' books, empty; and our own carriers, zones and prices."""
    sandbox.books = Books()
    settings.SHIPPING_CARRIERS_URL = sandbox.url
    settings.SHIPPING_WEBHOOK_SECRET = SECRET
    list(settle())
    return sandbox.books
