"""The rules of notifications; no I/O."""

from __future__ import annotations

from datetime import timedelta
from string import Template
from typing import Any, NamedTuple

from monolith.kernel.transitions import Transitions
from monolith.notifications.contract import Category, DeliveryStatus, Status, VariablesInvalid

DEDUPE_KEY_MAX = 255
VALUE_MAX = 500
TRIES_MAX = 10
"""How often a delivery is tried that a mail server does not take now."""
LEASE = timedelta(minutes=2)
LIFETIME = timedelta(days=3)
_RETRY_S, _RETRY_MAX_S = 5, 3600
ALWAYS = frozenset({"name"})
"""Variables that every template may use, and nobody gives."""

TRANSITIONS = Transitions(
    {
        DeliveryStatus.QUEUED: frozenset(
            {
                DeliveryStatus.SENDING,
                DeliveryStatus.SUPPRESSED,
                DeliveryStatus.SKIPPED_PREFERENCE,
                DeliveryStatus.FAILED,
            }
        ),
        DeliveryStatus.SENDING: frozenset(set(DeliveryStatus) - {DeliveryStatus.SENDING}),
        DeliveryStatus.UNKNOWN: frozenset({DeliveryStatus.QUEUED}),
        DeliveryStatus.FAILED: frozenset({DeliveryStatus.QUEUED}),
        DeliveryStatus.SENT: frozenset(),
        DeliveryStatus.BOUNCED: frozenset(),
        DeliveryStatus.SUPPRESSED: frozenset(),
        DeliveryStatus.SKIPPED_PREFERENCE: frozenset(),
    }
)
OUTCOMES = {
    DeliveryStatus.SENT: Status.COMPLETED,
    DeliveryStatus.BOUNCED: Status.FAILED,
    DeliveryStatus.FAILED: Status.FAILED,
    DeliveryStatus.UNKNOWN: Status.FAILED,
    DeliveryStatus.SUPPRESSED: Status.FAILED,
    DeliveryStatus.SKIPPED_PREFERENCE: Status.CANCELLED,
}
"""What a notification has come to with its delivery; while that waits, it is accepted or dispatched."""


class Kind(NamedTuple):
    """
    One kind of notification.

    Attributes:
        variables: what must be given; `$name` stands there beside them.
        secret: a message that carries what the users made for it, as `$secret`; `request_id` is given instead.
    """

    category: Category
    subject: str
    body: str
    variables: frozenset[str] = frozenset()
    secret: bool = False

    @property
    def given(self) -> frozenset[str]:
        """What has to be given."""
        return self.variables | ({"request_id"} if self.secret else frozenset())

    def check(self, data: dict[str, str]) -> None:
        """Raise VariablesInvalid unless *data* is exactly what has to be given, as texts of a bounded length."""
        missing, unknown = sorted(self.given - data.keys()), sorted(data.keys() - self.given)
        long = sorted(name for name, value in data.items() if len(value) > VALUE_MAX)
        if missing or unknown or long:
            told = "; ".join(
                f"{what}: {', '.join(one[:40] for one in names)}"
                for what, names in (("missing", missing), ("unknown", unknown), ("too long", long))
                if names
            )
            raise VariablesInvalid(f"{told}.", missing=missing, unknown=unknown)


class Text(NamedTuple):
    """A message as it is read."""

    subject: str
    body: str


def render(kind: Kind, values: dict[str, str]) -> Text:
    """Return the message; a variable of several lines becomes one in the subject."""
    one_line = {name: " ".join(value.split()) for name, value in values.items()}
    return Text(Template(kind.subject).substitute(one_line), Template(kind.body).substitute(values))


def retry_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries: twice as long each time, up to an hour."""
    return timedelta(seconds=min(_RETRY_S << min(tries - 1, 20), _RETRY_MAX_S))


def transition(status: DeliveryStatus, target: DeliveryStatus) -> dict[str, Any]:
    """Return the context of an illegal step."""
    return {"from": str(status), "to": str(target), "allowed": sorted(TRANSITIONS.after(status))}
