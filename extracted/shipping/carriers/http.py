"""Carriers that are asked over HTTP: JSON there and back, every answer within its time."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from extracted.shipping.carriers.adapter import CarrierFailed, CarrierRefused, LabelOrder, Rate, RateRequest, Receipt
from monolith.kernel.money import Money

TIMEOUT_S = 1.0
_BYTES_MAX = 65_536
_TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class HttpCarrier:
    """
    Implements `Adapter` over a carrier's API.

    Attributes:
        url: of the carrier's API, from the settings and from nowhere else.
        timeout_s: for connecting, and for each part of an answer.
    """

    url: str
    timeout_s: float = TIMEOUT_S

    def rates(self, request: RateRequest) -> list[Rate]:
        answer = self._ask(
            "POST",
            "/rates",
            {
                "from": asdict(request.origin),
                "to": asdict(request.to),
                "parcels": [asdict(parcel) for parcel in request.parcels],
            },
        )
        return [_read(_rate, one) for one in _read(lambda body: list(body["rates"]), answer)]

    def buy(self, key: str, order: LabelOrder) -> Receipt:
        body = {
            "service": order.service,
            "from": asdict(order.origin),
            "to": asdict(order.to),
            "parcel": asdict(order.parcel),
        }
        return _read(_receipt, self._ask("POST", "/labels", body, {"Idempotency-Key": key}))

    def find(self, key: str, order: LabelOrder) -> Receipt | None:
        answer = self._ask("GET", f"/labels/{key}")
        return None if answer is None else _read(_receipt, answer)

    def give_back(self, key: str) -> None:
        self._ask("POST", f"/labels/{key}/void", {})

    def _ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """Return the answer's JSON, or None for 404."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout_s)
        content = None if body is None else json.dumps(body).encode()
        try:
            connection.request(
                method, parts.path + path, content, {"Content-Type": "application/json", **(headers or {})}
            )
            response = connection.getresponse()
            status, raw = response.status, response.read(_BYTES_MAX)
        except TimeoutError as error:
            raise CarrierFailed("timed_out", f"The carrier did not answer within {self.timeout_s:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise CarrierFailed("unreachable", "The carrier cannot be reached.") from error
        finally:
            connection.close()
        return _answer(status, raw)


def _answer(status: int, raw: bytes) -> Any:
    if status == 404:
        return None
    if status >= 500 or status == 429:
        raise CarrierFailed("bad_reply", f"The carrier answers {status}.")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise CarrierFailed("bad_reply", "The carrier's answer cannot be read.") from error
    if status >= 400:
        text = body.get("message") if isinstance(body, dict) else None
        raise CarrierRefused(str(text or f"The carrier answers {status}.")[:_TEXT_MAX])
    return body


def _read(reader: Any, body: Any) -> Any:
    try:
        return reader(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CarrierFailed("bad_reply", "The carrier's answer lacks what it must have.") from error


def _rate(one: Any) -> Rate:
    return Rate(str(one["service"]), _money(one), int(one["days_min"]), int(one["days_max"]))


def _receipt(body: Any) -> Receipt:
    number, url = body["tracking_number"], body["label_url"]
    if not (isinstance(number, str) and 0 < len(number) <= 64 and isinstance(url, str) and len(url) <= 500):
        raise ValueError("neither a number nor a URL")
    return Receipt(number, url, _money(body))


def _money(body: Any) -> Money:
    cost = Money(body["amount"], body["currency"])
    if cost.amount < 0:
        raise ValueError("less than nothing")
    return cost
