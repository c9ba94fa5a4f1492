"""Things that are there to be tried with, asked of the running platform."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
import uuid
from typing import Any

_TIMEOUT_S = 5.0


def order_id() -> str:
    """Return an id that no order has yet."""
    return str(uuid.uuid4())


def stock_exists(url: str, token: str) -> bool:
    """Whether anything was ever received."""
    return bool(_skus(url, token))


def sku_in_stock(url: str, token: str) -> str | None:
    """Return a SKU that can be reserved, or None when there is none among those that moved last."""
    if not (skus := _skus(url, token)):
        return None
    levels = _get(f"{url}/api/inventory/stock?{urllib.parse.urlencode({'sku': ','.join(skus)})}", token)
    return next((level["sku"] for level in levels["data"] if level["available"] > 1), None)


def _skus(url: str, token: str) -> list[str]:
    moved = _get(f"{url}/api/inventory/movements?limit=100", token)["data"]
    return list(dict.fromkeys(movement["sku"] for movement in moved))


def _get(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  our own address
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        return json.load(answer)
