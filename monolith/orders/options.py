"""
Options of quotes as customers get them from here: sealed, together with what shipping has said of them.

Shipping honours a price until its quote expires, whether it answers meanwhile or not: with the seal, an order can be
placed while it does not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.signing import BadSignature, Signer
from django.utils import timezone

from monolith.kernel.money import Money
from monolith.orders.contract import Address
from monolith.shipping.contract import Option, Promise

_SALT = "orders.option"


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    An option that a customer has chosen.

    Attributes:
        option_id: as shipping knows it.
        promise: what shipping has said of it for the same goods and place; None when it must be asked.
    """

    option_id: str
    promise: Promise | None = None


def sealed(option: Option, *, wanted: Mapping[str, int], to: Address, expires_at: datetime) -> str:
    """Return what a customer chooses the option by."""
    price, expires = option.price, int(expires_at.timestamp())
    said = [
        option.option_id, option.carrier, option.service, price.amount, price.currency, expires, _digest(wanted, to)
    ]  # fmt: skip
    return Signer(salt=_SALT).sign_object(said)


def opened(chosen: str, *, wanted: Mapping[str, int], to: Address) -> Chosen:
    """Return what was chosen; what was not sealed here may be shipping's own, which shipping will say."""
    try:
        said = Signer(salt=_SALT).unsign_object(chosen)
        option_id, carrier, service, amount, currency, expires, digest = said
    except (BadSignature, ValueError, TypeError):
        return Chosen(chosen)
    if digest != _digest(wanted, to) or timezone.now() >= datetime.fromtimestamp(expires, UTC):
        return Chosen(option_id)
    return Chosen(option_id, Promise(carrier=carrier, service=service, price=Money(amount, currency)))


def _digest(wanted: Mapping[str, int], to: Address) -> str:
    """For what a price was told: the goods, and the place as the customer has written it."""
    said = json.dumps([sorted(wanted.items()), to.country, to.region, to.postal_code], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
