"""The storefront's pages: they know other apps by their contracts, and own no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from monolith.catalog.contract import Product, ProductStatus, UnknownProduct, Variant, catalog
from monolith.inventory.contract import UnknownSku, inventory
from monolith.recommendations.contract import recommendations
from strangler.transport.deadline import within
from strangler.transport.errors import RemoteCallError

# The pages load nothing from anywhere else, and say so.
_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
_LOW = 5
_SKUS_MAX, _TOGETHER, _TOGETHER_WITHIN_S = 50, 4, 0.2
"""So many are shown, if they come in time: nobody waits longer for what they can do without."""


class Offer(NamedTuple):
    """A variant, with a word on its stock."""

    variant: Variant
    stock: str
    to_be_had: bool


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Answer the shop; products come to it by the catalog's REST, like to any other client."""
    return _page(request, "storefront/shop.html")


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """
    Answer one product, as the catalog and the inventory tell, wherever they live.

    Without the inventory it says what the catalog was told last; without recommendations it shows none, and waits no
    longer; without the catalog there is nothing to show for now.
    """
    try:
        shown = catalog().product(ref=slug)
    except UnknownProduct as unknown:
        raise Http404(str(unknown)) from unknown
    except RemoteCallError:
        return _page(request, "storefront/product.html", status=503)
    if shown.status is ProductStatus.DRAFT:
        raise Http404(f"There is no product {slug!r}.")
    return _page(
        request, "storefront/product.html", product=shown, offers=_offers(shown), together=_bought_together(shown)
    )


def _offers(shown: Product) -> list[Offer]:
    """Return what is active of a product."""
    active = [variant for variant in shown.variants if variant.is_active]
    available = _available([variant.sku for variant in active])
    return [_offer(variant, available) for variant in active]


def _bought_together(shown: Product) -> list[Variant]:
    """Return what others bought as well, of what is still sold, a variant of each; nothing when it takes long."""
    skus = tuple(variant.sku for variant in shown.variants)[:_SKUS_MAX]
    if not skus:
        return []
    try:
        with within(_TOGETHER_WITHIN_S):
            besides = recommendations().bought_together(skus=skus, limit=_SKUS_MAX)
            found = catalog().variants_by_sku(skus=tuple(one.sku for one in besides)) if besides else ()
    except RemoteCallError:
        return []
    sold: dict[UUID, Variant] = {}
    for one in found:
        if one.for_sale and one.product.id != shown.id:
            sold.setdefault(one.product.id, one)
    return list(sold.values())[:_TOGETHER]


def _offer(variant: Variant, available: Mapping[str, int] | None) -> Offer:
    if not variant.for_sale:
        return Offer(variant, "No longer sold", False)
    if available is None:
        return Offer(variant, "In stock" if variant.in_stock else "Sold out", variant.in_stock)
    number = available.get(variant.sku, 0)
    words = "Sold out" if number <= 0 else f"Only {number} left" if number <= _LOW else "In stock"
    return Offer(variant, words, number > 0)


def _available(skus: Sequence[str]) -> Mapping[str, int] | None:
    """Return the units of each SKU that the inventory knows; None when it does not answer."""
    try:
        try:
            return _levels(skus)
        except UnknownSku as unknown:
            strange = unknown.context["skus"]
            return _levels([sku for sku in skus if sku not in strange])
    except RemoteCallError:
        return None


def _levels(skus: Sequence[str]) -> Mapping[str, int]:
    return {level.sku: level.available for level in inventory().stock(skus=tuple(skus))} if skus else {}


def _page(request: HttpRequest, template: str, *, status: int = 200, **shown: object) -> HttpResponse:
    response = render(request, template, shown, status=status)
    response.headers["Content-Security-Policy"] = _POLICY
    return response
