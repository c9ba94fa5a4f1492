"""What every carrier is asked, and how it may fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from monolith.kernel.money import Money
from monolith.shipping.contract import Address, Parcel

TABLE, SWIFT, HERALD = "post", "swift", "herald"
Trouble = Literal["timed_out", "unreachable", "bad_reply", "refused"]


class CarrierFailed(Exception):
    """
    A carrier gave no usable answer: what it was asked to do may or may not have happened.

    Attributes:
        trouble: what a message of a quote says.
    """

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


class CarrierRefused(Exception):
    """A carrier says no; nothing has happened there, and a repeat will not help."""


@dataclass(frozen=True, slots=True)
class RateRequest:
    """What is to be sent from where to where."""

    origin: Address
    to: Address
    parcels: Sequence[Parcel]
    item_count: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What a service costs, and how many days it takes."""

    service: str
    price: Money
    days_min: int
    days_max: int


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """One parcel that is to have a label."""

    service: str
    origin: Address
    to: Address
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Receipt:
    """A label that was bought; its URL is empty when the shop prints it."""

    tracking_number: str
    url: str
    cost: Money | None


class Adapter(Protocol):
    """
    A carrier. Every method may raise CarrierFailed, and none is called inside a transaction (R12).

    A key is a label's for good: whatever is asked with it twice has one effect.
    """

    def rates(self, request: RateRequest) -> Sequence[Rate]:
        """Return what its services cost; nothing when it does not go there. Raises CarrierRefused."""
        ...

    def buy(self, key: str, order: LabelOrder) -> Receipt:
        """Buy a label. Raises CarrierRefused."""
        ...

    def find(self, key: str, order: LabelOrder) -> Receipt | None:
        """Return the label that was bought with *key*, or None."""
        ...

    def give_back(self, key: str) -> None:
        """
        Give a label back. One that was never bought cannot be bought with *key* any more.

        Raises:
            CarrierRefused: the parcel is on its way.
        """
        ...
