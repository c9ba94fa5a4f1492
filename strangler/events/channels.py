"""A way to the subscriber; the relay takes the one that the settings name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from strangler.conf import Home, get_conf
from strangler.errors import StranglerError
from strangler.state import follower


class Undelivered(StranglerError):
    """Nobody took the copies, as far as is known; they are to be sent again soon."""


class Receipts(NamedTuple):
    """
    What a subscriber says of the copies it got; those that it does not name are to be sent again.

    Attributes:
        confirmed: ids of the events that it has for good, handled or not.
        refused: id to reason.
    """

    confirmed: list[str]
    refused: dict[str, str]


class Channel(Protocol):
    """Hands copies of events on."""

    def deliver(self, publisher: str, subscriber: str, envelopes: Sequence[str]) -> Receipts:
        """
        Send copies to the home that owns the subscriber's rows.

        Returns:
            What the subscriber has said by now.

        Raises:
            Undelivered: see there.
        """
        ...


def writer_of(capability: str) -> tuple[Home, int]:
    """
    Return the home that owns a capability's rows, as the table says, and since which epoch.

    Raises:
        Undelivered: the settings of this host do not know the capability.
    """
    state = follower.table().capabilities.get(capability)
    if state is None:
        raise Undelivered(
            f"{get_conf().host} has events for {capability!r}, which STRANGLER['CAPABILITIES'] does not name: add an "
            "entry with its 'internal_url'."
        )
    return state.writer, state.epoch
