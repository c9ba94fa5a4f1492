"""What happens to a parcel, and when it is told; all by the sandbox's own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HOUR_S = 3_600
DAY_S = 24 * HOUR_S

TWICE, REVERSED, LATE, EXCEPTION, SENT_BACK, FORGED, OLD = "00021", "00022", "00023", "00024", "00025", "00026", "00027"
"""Postal codes of those whose parcels are told of in an odd way."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a carrier sees: so long after the label was bought."""

    after_s: int
    status: str
    code: str
    description: str
    location: str = "Columbus, OH"


_PICKED_UP = Happening(HOUR_S, "in_transit", "PU", "Picked up", "Newark, NJ")
_AT_HUB = Happening(DAY_S, "in_transit", "AR", "Arrived at a hub")
_OUT = Happening(2 * DAY_S, "out_for_delivery", "OD", "Out for delivery")
_DELIVERED = Happening(2 * DAY_S + 4 * HOUR_S, "delivered", "DL", "Delivered at the door")
_DAMAGED = Happening(DAY_S + HOUR_S, "failure", "DM", "The box is damaged")
_GOES_ON = Happening(DAY_S + 3 * HOUR_S, "in_transit", "RP", "Packed anew")
_REFUSED = Happening(2 * DAY_S + 4 * HOUR_S, "failure", "RF", "Nobody takes it")
_BACK = Happening(2 * DAY_S + 5 * HOUR_S, "return_to_sender", "RS", "On its way back")
_HOME = Happening(4 * DAY_S, "delivered", "DL", "Delivered to the sender", "Newark, NJ")

_USUAL = (_PICKED_UP, _AT_HUB, _OUT, _DELIVERED)
_JOURNEYS = {
    EXCEPTION: (_PICKED_UP, _AT_HUB, _DAMAGED, _GOES_ON, _OUT, _DELIVERED),
    SENT_BACK: (_PICKED_UP, _AT_HUB, _OUT, _REFUSED, _BACK, _HOME),
}


def journey(postal_code: str) -> Sequence[Happening]:
    """Return what will happen to a parcel, in order."""
    return _JOURNEYS.get(postal_code, _USUAL)


def in_order_of_telling(postal_code: str, due: Sequence[Any]) -> list[Any]:
    """Return what is told of *due*, a part of a journey, as often and in the order in which it is told."""
    if postal_code == TWICE:
        return [one for each in due for one in (each, each)]
    if postal_code == REVERSED:
        return list(reversed(due))
    return list(due)


def is_held_back(postal_code: str, index: int, is_over: bool) -> bool:
    """Whether a carrier does not tell yet of what happened first, although it tells of what came later."""
    return postal_code == LATE and index == 0 and not is_over
