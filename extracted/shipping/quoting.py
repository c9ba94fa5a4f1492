"""
Rate shopping: every carrier is asked at the same time, and what they answer becomes options.

An option holds its quote itself, signed: nothing is written, so either home may answer, and the price is honoured in
either home until the quote expires.
"""

from __future__ import annotations

import hashlib
import json
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils import timezone

from extracted.shipping import addresses
from extracted.shipping.carriers import Adapter, CarrierFailed, CarrierRefused, Rate, RateRequest
from extracted.shipping.carriers.registry import adapter_of
from extracted.shipping.domain import check_items, check_parcels, pack
from extracted.shipping.selectors import active_carriers
from monolith.kernel.ids import uuid7
from monolith.kernel.money import Money
from monolith.shipping.contract import (
    Address,
    CarrierMessage,
    CarrierUnavailable,
    InvalidOption,
    Item,
    NoServiceAvailable,
    Option,
    Parcel,
    Quote,
    QuoteExpired,
)

HONOURED_S = 1_800
CARRIER_TIMEOUT_S = 1.5
"""How long a carrier may take in all; a little more than for each part of its answer."""
OPTION_LENGTH_MAX = 255
_SALT = "shipping.option"


@dataclass(frozen=True, slots=True)
class Goods:
    """What is to be sent: boxes, and of how many units they are full."""

    parcels: Sequence[Parcel]
    item_count: int

    @classmethod
    def of_items(cls, items: Sequence[Item]) -> Goods:
        """Pack items. Raises OutOfBounds."""
        check_items(items)
        return cls(pack(items), sum(item.qty for item in items))

    @classmethod
    def of_parcels(cls, parcels: Sequence[Parcel]) -> Goods:
        """Take boxes that are packed already; each counts as a unit. Raises OutOfBounds."""
        check_parcels(parcels)
        return cls(tuple(parcels), len(parcels))


@dataclass(frozen=True, slots=True)
class Promise:
    """What an option says, once its signature was found right."""

    quote_id: UUID
    carrier: str
    service: str
    price: Money
    eta: datetime


def quote(*, to: Address, goods: Goods, origin: Address = addresses.ORIGIN) -> Quote:
    """
    Ask every active carrier. Called outside of transactions (R12).

    Raises:
        AddressInvalid, NoServiceAvailable, CarrierUnavailable: see the contract.
    """
    addresses.check(to)
    addresses.check(origin, within="from")
    carriers = active_carriers()
    adapters = {carrier.code: adapter_of(carrier.code) for carrier in carriers}
    request = RateRequest(origin, to, goods.parcels, goods.item_count)
    rates, messages = ask_all(adapters, request, timeout_s=CARRIER_TIMEOUT_S)
    offered = {carrier.code: set(carrier.services) for carrier in carriers}
    now = timezone.now().replace(microsecond=0)
    maker = _Maker(uuid7(), now, _digest(origin, to, goods))
    options = [
        maker.option(code, rate) for code, found in rates.items() for rate in found if rate.service in offered[code]
    ]
    if not options:
        raise _nothing(messages)
    options.sort(key=lambda option: (option.price.currency, option.price.amount, option.eta_max, option.carrier))
    return Quote(id=maker.quote_id, options=tuple(options), messages=tuple(messages), expires_at=maker.expires_at)


def promised(option_id: str, *, to: Address, goods: Goods, origin: Address = addresses.ORIGIN) -> Promise:
    """
    Return what an option says.

    Raises:
        InvalidOption: it was not made here, or for something else.
        QuoteExpired: its price is honoured no longer.
    """
    try:
        said = Signer(salt=_SALT).unsign_object(option_id)
        quote_hex, carrier, service, amount, currency, expires, digest, days_max = said
    except (BadSignature, ValueError, TypeError) as error:
        raise InvalidOption("This is no option of a quote; ask for one.") from error
    if digest != _digest(origin, to, goods):
        raise InvalidOption("The option is for another address or other items; ask for a quote of these.")
    expires_at = datetime.fromtimestamp(expires, UTC)
    now = timezone.now()
    if now >= expires_at:
        raise QuoteExpired("The quote has expired; ask for another.", expired_at=expires_at.isoformat())
    eta = now + timedelta(days=days_max)
    return Promise(UUID(quote_hex), carrier, service, Money(amount, currency), eta)


def ask_all(
    adapters: Mapping[str, Adapter], request: RateRequest, *, timeout_s: float
) -> tuple[dict[str, Sequence[Rate]], list[CarrierMessage]]:
    """
    Ask every carrier at the same time; return who answered, and why the others did not.

    A thread whose carrier is late is left behind; it ends with its connection, and touches no database.
    """
    answers: queue.SimpleQueue[tuple[str, Sequence[Rate] | CarrierMessage | Exception]] = queue.SimpleQueue()
    for code, adapter in adapters.items():
        asking = threading.Thread(target=lambda c=code, a=adapter: answers.put((c, _ask(c, a, request))), daemon=True)
        asking.start()
    late = CarrierMessage(carrier="", code="timed_out", text=f"The carrier did not answer within {timeout_s:g} s.")
    found: dict[str, Sequence[Rate] | CarrierMessage | Exception] = {}
    deadline = time.monotonic() + timeout_s
    while len(found) < len(adapters):
        try:
            code, answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(answer, Exception):
            raise answer
        found[code] = answer
    rates, messages = {}, []
    for code in adapters:
        answer = found.get(code, CarrierMessage(carrier=code, code=late.code, text=late.text))
        if isinstance(answer, CarrierMessage):
            messages.append(answer)
        else:
            rates[code] = answer
    return rates, messages


def _ask(code: str, adapter: Adapter, request: RateRequest) -> Sequence[Rate] | CarrierMessage | Exception:
    """A bug is an exception, and is raised where somebody waits for the answer."""
    try:
        return adapter.rates(request)
    except CarrierFailed as failure:
        return CarrierMessage(carrier=code, code=failure.trouble, text=str(failure))
    except CarrierRefused as refusal:
        return CarrierMessage(carrier=code, code="refused", text=str(refusal))
    except Exception as bug:
        return bug


def _nothing(messages: Sequence[CarrierMessage]) -> NoServiceAvailable | CarrierUnavailable:
    """A carrier that could not be asked might go there."""
    if any(message.code != "refused" for message in messages):
        return CarrierUnavailable("No carrier could be asked; repeat later.", messages=[asdict(m) for m in messages])
    return NoServiceAvailable("No carrier goes there with that.")


@dataclass(frozen=True, slots=True)
class _Maker:
    quote_id: UUID
    now: datetime
    digest: str

    @property
    def expires_at(self) -> datetime:
        return self.now + timedelta(seconds=HONOURED_S)

    def option(self, carrier: str, rate: Rate) -> Option:
        price, expires = rate.price, int(self.expires_at.timestamp())
        said = [
            self.quote_id.hex, carrier, rate.service, price.amount, price.currency, expires, self.digest, rate.days_max
        ]  # fmt: skip
        return Option(
            option_id=Signer(salt=_SALT).sign_object(said),
            carrier=carrier,
            service=rate.service,
            price=price,
            eta_min=self.now + timedelta(days=rate.days_min),
            eta_max=self.now + timedelta(days=rate.days_max),
        )


def _digest(origin: Address, to: Address, goods: Goods) -> str:
    """What a price depends on: whose name is on the parcel is not part of it."""
    places = [[a.country, a.region, addresses.comparable(a.postal_code)] for a in (origin, to)]
    parcels = sorted([p.weight_g, p.length_mm, p.width_mm, p.height_mm] for p in goods.parcels)
    said = json.dumps([places, parcels, goods.item_count], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
