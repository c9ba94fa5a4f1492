"""What a cart costs now: asked of others, so never inside a transaction that has written (R12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from monolith.catalog.contract import Variant, catalog
from monolith.kernel.money import Money
from monolith.orders.contract import (
    Address,
    AddressUndeliverable,
    CartEmpty,
    CurrencyMismatch,
    NotForSale,
    QuoteExpired,
    WantedLine,
)
from monolith.orders.domain import CHOSEN_MAX, check_text
from monolith.orders.options import opened, sealed
from monolith.orders.saga.checkout import item_of
from monolith.shipping.contract import Address as ShippingAddress
from monolith.shipping.contract import (
    AddressInvalid,
    InvalidOption,
    NoServiceAvailable,
    Option,
    Promise,
    shipping,
)
from monolith.shipping.contract import OutOfBounds as ShippingOutOfBounds
from monolith.shipping.contract import QuoteExpired as ShippingQuoteExpired
from strangler.transport.errors import RemoteCallError


@dataclass(frozen=True, slots=True)
class Priced:
    """
    What a cart holds at the prices of now, and what an option costs to send it.

    Attributes:
        option_id: as shipping knows it.
    """

    lines: tuple[WantedLine, ...]
    option_id: str
    promise: Promise

    @property
    def total(self) -> Money:
        """All together."""
        total = self.promise.price
        for line in self.lines:
            total += line.unit_price * line.qty
        return total


def price(wanted: Mapping[str, int], *, currency: str, option_id: str, address: Address) -> Priced:
    """
    Ask what SKUs cost now, and what an option of a quote costs.

    While shipping does not answer, what it has said when the option was quoted counts, as long as it holds.

    Raises:
        CartEmpty, NotForSale, CurrencyMismatch, AddressUndeliverable, QuoteExpired, OutOfBounds: it cannot be so.
        RemoteCallError: somebody does not answer.
    """
    check_text(option_id, CHOSEN_MAX)
    variants = _variants(wanted, currency)
    items = tuple(item_of(variant, wanted[variant.sku]) for variant in variants)
    chosen, there = opened(option_id, wanted=wanted, to=address), _there(address)
    try:
        promise = shipping().promise(option_id=chosen.option_id, to=there, items=items)
    except RemoteCallError:
        if chosen.promise is None:
            raise
        promise = chosen.promise
    except ShippingQuoteExpired as refusal:
        raise QuoteExpired(str(refusal)) from refusal
    except (AddressInvalid, InvalidOption, ShippingOutOfBounds) as refusal:
        raise AddressUndeliverable(str(refusal), detail=str(refusal)) from refusal
    if promise.price.currency != currency:
        raise CurrencyMismatch(f"The cart is in {currency}, and it is sent for {promise.price}.")
    lines = tuple(
        WantedLine(sku=one.sku, qty=wanted[one.sku], name=_name(one), unit_price=one.price) for one in variants
    )
    return Priced(lines, chosen.option_id, promise)


def options(wanted: Mapping[str, int], *, currency: str, address: Address) -> tuple[Option, ...]:
    """
    Ask every carrier what it costs to send a cart somewhere, cheapest first; the ids are what `price` takes.

    Raises:
        CartEmpty, NotForSale, CurrencyMismatch, AddressUndeliverable: nobody sends it there.
        RemoteCallError, CarrierUnavailable: somebody does not answer.
    """
    items = tuple(item_of(variant, wanted[variant.sku]) for variant in _variants(wanted, currency))
    try:
        quote = shipping().quote(to=_there(address), items=items)
    except (AddressInvalid, NoServiceAvailable, ShippingOutOfBounds) as refusal:
        raise AddressUndeliverable(str(refusal), detail=str(refusal)) from refusal
    about = {"wanted": wanted, "to": address, "expires_at": quote.expires_at}
    return tuple(replace(option, option_id=sealed(option, **about)) for option in quote.options)


def _variants(wanted: Mapping[str, int], currency: str) -> list[Variant]:
    if not wanted:
        raise CartEmpty("There is nothing to order: put something into the cart.")
    found = {one.sku: one for one in catalog().variants_by_sku(skus=tuple(sorted(wanted)))}
    if gone := [sku for sku in sorted(wanted) if sku not in found or not found[sku].for_sale]:
        raise NotForSale(f"{', '.join(gone)} is not for sale: take it out of the cart.", skus=gone)
    variants = [found[sku] for sku in sorted(wanted)]
    if any(one.price.currency != currency for one in variants):
        raise CurrencyMismatch(f"The cart is in {currency}, and not everything in it is sold in it.")
    return variants


def _name(variant: Variant) -> str:
    return f"{variant.product.name} {variant.name}".strip()[:300]


def _there(address: Address) -> ShippingAddress:
    for text in asdict(address).values():
        check_text(text)
    return ShippingAddress(**asdict(address))
