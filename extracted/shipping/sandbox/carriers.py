"""The carriers' books: prices, labels by key, and what is to be told; one lock, no I/O."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from extracted.shipping.sandbox.journeys import Happening, in_order_of_telling, is_held_back, journey

SLOW, BROKEN, NONSENSE, CUT, REFUSED = "00001", "00002", "00003", "00004", "00005"
"""Postal codes for which the rates of one carrier fail, each in its way."""
FRAIL = "swift"
LOST_ANSWER, FAILED, CUT_AFTER, NO_LABEL, LOST_REQUEST = "00011", "00012", "00013", "00014", "00015"
"""Postal codes for which the first purchase of a label fails, before or after its effect; NO_LABEL is refused."""
AFTER_EFFECT = frozenset({LOST_ANSWER, CUT_AFTER})
FIRST_TIME_ONLY = frozenset({LOST_ANSWER, FAILED, CUT_AFTER, LOST_REQUEST})


class Refusal(Exception):
    """A carrier says no; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Service:
    """What a service costs: cents, cents per kilogram, cubic centimetres per kilogram, days."""

    code: str
    base: int
    per_kg: int
    dim_factor: int
    days: tuple[int, int]

    def price(self, parcels: Sequence[Mapping[str, int]]) -> int:
        return sum(self.base + self.per_kg * self._kg(parcel) for parcel in parcels)

    def _kg(self, parcel: Mapping[str, int]) -> int:
        volume = parcel["length_mm"] * parcel["width_mm"] * parcel["height_mm"]
        return max(-(-parcel["weight_g"] // 1_000), -(-volume // (self.dim_factor * 1_000)))


@dataclass(slots=True)
class Label:
    """One label as the carrier knows it."""

    key: str
    carrier: str
    number: str
    amount: int
    postal_code: str
    bought_at: float
    state: str = "bought"
    told: set[int] = field(default_factory=set)

    def json(self, base_url: str) -> dict[str, Any]:
        return {
            "tracking_number": self.number,
            "label_url": f"{base_url}/{self.carrier}/labels/{self.key}.txt",
            "amount": self.amount,
            "currency": "USD",
        }


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where a carrier goes, with what, and how its numbers begin."""

    prefix: str
    countries: frozenset[str]
    services: Sequence[Service]
    parcel_max_g: int


CARRIERS = {
    "swift": Carrier(
        "SW",
        frozenset({"US", "CA"}),
        (Service("ground", 700, 90, 6000, (3, 5)), Service("express", 1900, 250, 5000, (1, 1))),
        70_000,
    ),
    "herald": Carrier("HC", frozenset({"US"}), (Service("courier", 1500, 150, 5000, (2, 3)),), 20_000),
}


class Books:
    """
    What the carriers know.

    Its clock stands still but for what requests add to it: a second each, and whatever they ask for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = float(int(time.time()))
        self._labels: dict[str, Label] = {}
        self._never: set[str] = set()
        self._tried: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def tick(self, seconds: float = 1.0) -> float:
        """Let time pass, and return what it is."""
        with self._lock:
            self._now += seconds
            return self._now

    def rates(self, carrier: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what the services of a carrier cost."""
        its, to, parcels = CARRIERS[carrier], body["to"], body["parcels"]
        if to["country"] not in its.countries:
            return []
        if carrier == FRAIL and to["postal_code"] == REFUSED:
            raise Refusal(422, "We do not serve this address.")
        if any(parcel["weight_g"] > its.parcel_max_g for parcel in parcels):
            raise Refusal(422, f"A parcel has at most {its.parcel_max_g // 1000} kg.")
        return [
            {
                "service": service.code,
                "amount": service.price(parcels),
                "currency": "USD",
                "days_min": service.days[0],
                "days_max": service.days[1],
            }
            for service in its.services
        ]

    def fault(self, key: str, postal_code: str) -> str | None:
        """Return how the purchase of a label is to fail this time, if it is."""
        with self._lock:
            self._tried[key] += 1
            again = self._tried[key] > 1
        return postal_code if postal_code in FIRST_TIME_ONLY and not again else None

    def buy(self, carrier: str, key: str, body: Mapping[str, Any]) -> Label:
        """Sell a label, the same one for the same key."""
        its, to = CARRIERS[carrier], body["to"]
        service = next((one for one in its.services if one.code == body["service"]), None)
        if service is None:
            raise Refusal(422, "There is no such service.")
        if to["postal_code"] == NO_LABEL:
            raise Refusal(422, "The address is not known.")
        with self._lock:
            if key in self._never:
                raise Refusal(409, "The label was given back before it was bought.")
            if key not in self._labels:
                number = f"{its.prefix}{len(self._labels) + 1:06d}{int(self._now) % 10**8:08d}"
                amount = service.price([body["parcel"]])
                self._labels[key] = Label(key, carrier, number, amount, to["postal_code"], self._now)
            return self._labels[key]

    def find(self, key: str) -> Label | None:
        """Return the label that was bought with a key."""
        with self._lock:
            return self._labels.get(key)

    def void(self, key: str) -> None:
        """Take a label back; a key that bought nothing never will."""
        with self._lock:
            label = self._labels.get(key)
            if label is None:
                self._never.add(key)
            elif self._now >= label.bought_at + journey(label.postal_code)[0].after_s:
                raise Refusal(409, "The parcel was picked up.")
            else:
                label.state = "void"

    def to_tell(self) -> list[tuple[Label, int, dict[str, Any]]]:
        """Return the events that are to be told now, as often and in the order in which they are."""
        with self._lock:
            found = []
            for label in self._labels.values():
                if label.state != "bought":
                    continue
                whole = journey(label.postal_code)
                happened = list(self._happened(label))
                is_over = len(happened) == len(whole)
                due = [
                    (label, index, _event(label, index, one))
                    for index, one in happened
                    if index not in label.told and not is_held_back(label.postal_code, index, is_over)
                ]
                found += in_order_of_telling(label.postal_code, due)
            return found

    def told(self, label: Label, index: int) -> None:
        """Note that somebody has heard of it."""
        with self._lock:
            label.told.add(index)

    def ledger(self) -> list[dict[str, Any]]:
        """Return every label that was ever sold."""
        with self._lock:
            return [
                {"key": one.key, "carrier": one.carrier, "tracking_number": one.number, "state": one.state}
                for one in self._labels.values()
            ]

    def _happened(self, label: Label) -> Iterator[tuple[int, Happening]]:
        for index, one in enumerate(journey(label.postal_code)):
            if label.state == "bought" and self._now >= label.bought_at + one.after_s:
                yield index, one


def _event(label: Label, index: int, happening: Happening) -> dict[str, Any]:
    at = datetime.fromtimestamp(label.bought_at + happening.after_s, UTC)
    return {
        "id": f"{label.number}-{index}",
        "tracking_number": label.number,
        "status": happening.status,
        "carrier_code": happening.code,
        "description": happening.description,
        "location": happening.location,
        "occurred_at": at.isoformat(),
    }
