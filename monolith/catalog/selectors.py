"""Reads of the catalog; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value, prefetch_related_objects
from django.db.models.fields.json import KeyTransform

from monolith.catalog.contract import InvalidFilter
from monolith.catalog.domain import ATTRIBUTE_NAME, CURRENCIES, DEFAULT_CURRENCY, Status, below
from monolith.catalog.models import Availability, Category, Media, PriceHistory, Product, Variant
from monolith.catalog.search.matching import matching, ranked
from monolith.catalog.search.query import TEXT_LENGTH_MAX, parse
from monolith.catalog.search.vocabulary import Correction, corrected
from monolith.kernel.money import AMOUNT_MAX

_SEARCHED = ("search_name", "search_brand", "search_text")
_FOR_EVERYBODY = frozenset({Status.PUBLISHED, Status.ARCHIVED})


@dataclass(frozen=True)
class ProductFilter:
    """
    What a list of products shows.

    Attributes:
        category: slug; its whole subtree is meant.
        min_price: minor units of *currency*, compared with the cheapest active variant; so is *max_price*.
        attributes: name to text; "5" means the text and the number, "true" the text and the boolean.
        in_stock: whether at least one active variant is in stock, as far as the inventory has told.
        priced: only what has a price, for lists that are ordered by it.
        search: as `search.query` reads it, in name, brand, description and SKUs.
    """

    status: Status = Status.PUBLISHED
    category: str | None = None
    brand: str | None = None
    currency: str = DEFAULT_CURRENCY
    min_price: int | None = None
    max_price: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    search: str | None = None
    in_stock: bool | None = None
    priced: bool = False


_IN_STOCK = Exists(Availability.objects.filter(sku=OuterRef("sku"), in_stock=True))
_HAS_STOCK = Exists(Variant.objects.filter(_IN_STOCK, product=OuterRef("pk"), is_active=True))
_FILTERS = {one.name for one in fields(ProductFilter)} - {"attributes", "priced"}


class Drawable(NamedTuple):
    """What the picture of a product depends on."""

    id: UUID
    name: str
    category_path: str


def product_filter(query: Mapping[str, str]) -> ProductFilter:
    """
    Read the filters of a query string.

    Raises:
        InvalidFilter: a name is unknown, or a value cannot be read.
    """
    attributes = {name.removeprefix("attr."): value for name, value in query.items() if name.startswith("attr.")}
    rest = {name: value for name, value in query.items() if not name.startswith("attr.")}
    if unknown := sorted(rest.keys() - _FILTERS):
        raise InvalidFilter(f"unknown: {', '.join(name[:40] for name in unknown)}")
    if any("\0" in value for value in query.values()):
        raise InvalidFilter("a value contains NUL, which no text here does")
    for name in attributes:
        if not ATTRIBUTE_NAME.fullmatch(name):
            raise InvalidFilter(f"attr.{name[:40]}: not an attribute's name")
    return ProductFilter(
        status=_status(rest.get("status", Status.PUBLISHED)),
        category=rest.get("category"),
        brand=rest.get("brand"),
        currency=_currency(rest.get("currency", DEFAULT_CURRENCY)),
        min_price=_amount("min_price", rest.get("min_price")),
        max_price=_amount("max_price", rest.get("max_price")),
        attributes=attributes,
        search=_search(rest.get("search")),
        in_stock=_truth("in_stock", rest.get("in_stock")),
    )


def understood(wanted: ProductFilter) -> Correction | None:
    """Return what the search of *wanted* means, mistyped words replaced; None when nothing is searched for."""
    if not wanted.search:
        return None
    query, rows = parse(wanted.search), Product.objects.filter(status=wanted.status)
    return Correction(query, {}) if matching(rows, query).exists() else corrected(query, rows)


def products(wanted: ProductFilter, meant: Correction | None) -> QuerySet[Product]:
    """
    Return the products that *wanted* describes, with what a list shows of each.

    Their `rank` is how well they fit *meant*, see `search.matching.ranked`.
    """
    rows = _with_details(filtered(wanted, meant))
    return rows.annotate(rank=Value(0)) if meant is None else ranked(rows, meant.query)


def filtered(wanted: ProductFilter, meant: Correction | None) -> QuerySet[Product]:
    """Return the bare products that *wanted* describes and *meant* finds."""
    rows = Product.objects.filter(status=wanted.status)
    if wanted.category is not None:
        rows = rows.filter(category__in=_subtree(wanted.category))
    if wanted.brand is not None:
        rows = rows.filter(brand=wanted.brand)
    if wanted.priced:
        rows = rows.filter(lowest_price_minor__isnull=False)
    if wanted.min_price is not None or wanted.max_price is not None:
        rows = rows.filter(currency=wanted.currency, lowest_price_minor__isnull=False)
    if wanted.min_price is not None:
        rows = rows.filter(lowest_price_minor__gte=wanted.min_price)
    if wanted.max_price is not None:
        rows = rows.filter(lowest_price_minor__lte=wanted.max_price)
    if wanted.in_stock is not None:
        rows = rows.filter(_HAS_STOCK if wanted.in_stock else ~_HAS_STOCK)
    for number, (name, value) in enumerate(sorted(wanted.attributes.items())):
        rows = rows.alias(**{f"_attr{number}": KeyTransform(name, "attributes")}).filter(_is(f"_attr{number}", value))
    return rows if meant is None else matching(rows, meant.query)


def product(ref: str, *, statuses: Collection[Status] = _FOR_EVERYBODY) -> Product | None:
    """Return a product by id or slug; archived ones stay readable for old orders."""
    rows = _with_details(Product.objects.filter(status__in=statuses))
    return rows.filter(_by_ref(ref)).first()


def products_by_id(ids: Iterable[UUID]) -> list[Product]:
    """Return the products among *ids* that exist, of every status, in the order of *ids*."""
    wanted = list(dict.fromkeys(ids))
    found = _with_details(Product.objects.all()).in_bulk(wanted)
    return [found[product_id] for product_id in wanted if product_id in found]


def shown(product: Product) -> Product:
    """Return a product that a service has returned, with what is shown of it."""
    prefetch_related_objects([product], *_details())
    return product


def product_to_draw(ref: str) -> Drawable | None:
    """Return what the picture of a product depends on."""
    rows = Product.objects.filter(_by_ref(ref), status__in=_FOR_EVERYBODY)
    found = rows.values_list("id", "name", "category__path").first()
    return None if found is None else Drawable(found[0], found[1], found[2] or "")


def variant(variant_id: UUID, *, statuses: Collection[Status] = _FOR_EVERYBODY) -> Variant | None:
    """Return a variant of a product in one of *statuses*."""
    return _variants().filter(id=variant_id, product__status__in=statuses).first()


def variants(ids: Iterable[UUID], *, statuses: Collection[Status] = _FOR_EVERYBODY) -> list[Variant]:
    """Return the variants among *ids* that exist, in the order of *ids*."""
    wanted = list(dict.fromkeys(ids))
    found = _variants().filter(product__status__in=statuses).in_bulk(wanted)
    return [found[variant_id] for variant_id in wanted if variant_id in found]


def variants_by_sku(skus: Iterable[str]) -> list[Variant]:
    """Return the variants among *skus* that exist, of products of every status, in the order of *skus*."""
    wanted = list(dict.fromkeys(skus))
    found = _variants().in_bulk(wanted, field_name="sku")
    return [found[sku] for sku in wanted if sku in found]


def skus(*, after: str, limit: int) -> list[str]:
    """Return the next *limit* SKUs behind *after*, in the order of the database."""
    return list(Variant.objects.filter(sku__gt=after).order_by("sku").values_list("sku", flat=True)[:limit])


def prices(of: Variant) -> QuerySet[PriceHistory]:
    """Return every price that a variant has had."""
    return PriceHistory.objects.filter(variant=of)


def category(slug: str, *, active_only: bool = True) -> Category | None:
    """Return a category."""
    rows = Category.objects.select_related("parent").filter(slug=slug)
    return (rows.filter(is_active=True) if active_only else rows).first()


def categories() -> list[Category]:
    """Return every active category whose ancestors are active as well, parents before children, siblings in order."""
    shown: dict[UUID | None, Category | None] = {None: None}
    for row in Category.objects.filter(is_active=True).order_by("path"):
        if row.parent_id in shown:
            shown[row.id] = row
    rows = [row for row in shown.values() if row is not None]
    return sorted(rows, key=lambda row: (row.path.count("/"), row.position, row.slug))


def _with_details(rows: QuerySet[Product]) -> QuerySet[Product]:
    return rows.select_related("category").prefetch_related(*_details()).defer(*_SEARCHED)


def _details() -> tuple[Prefetch, Prefetch]:
    variants = Variant.objects.annotate(in_stock=_IN_STOCK).order_by("sku")
    return Prefetch("variants", variants), Prefetch("media", Media.objects.order_by("position"))


def _variants() -> QuerySet[Variant]:
    """Variants with their products; each knows whether it is `in_stock`."""
    return Variant.objects.select_related("product").annotate(in_stock=_IN_STOCK)


def _by_ref(ref: str) -> Q:
    try:
        return Q(id=UUID(ref))
    except ValueError:
        return Q(slug=ref)


def _subtree(slug: str) -> QuerySet[Category]:
    root = Category.objects.filter(slug=slug).first()
    if root is None:
        return Category.objects.none()
    return Category.objects.filter(Q(path=root.path) | Q(path__startswith=below(root.path)))


def _search(raw: str | None) -> str | None:
    if raw is not None and len(raw) > TEXT_LENGTH_MAX:
        raise InvalidFilter(f"search: at most {TEXT_LENGTH_MAX} characters, not {len(raw)}")
    return raw


def _is(alias: str, text: str) -> Q:
    same = Q(**{alias: text})
    if text in {"true", "false"}:
        same |= Q(**{alias: text == "true"})
    if text.isascii() and text.isdigit() and len(text) < 19:
        same |= Q(**{alias: int(text)})
    return same


def _status(raw: str) -> Status:
    try:
        return Status(raw)
    except ValueError:
        raise InvalidFilter(f"status: must be one of {', '.join(Status)}, not {raw[:20]!r}") from None


def _currency(raw: str) -> str:
    if raw not in CURRENCIES:
        raise InvalidFilter(f"currency: must be one of {', '.join(CURRENCIES)}, not {raw[:20]!r}")
    return raw


def _truth(name: str, raw: str | None) -> bool | None:
    if raw not in (None, "true", "false"):
        raise InvalidFilter(f"{name}: must be true or false, not {raw[:20]!r}")
    return None if raw is None else raw == "true"


def _amount(name: str, raw: str | None) -> int | None:
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 20 and int(raw) <= AMOUNT_MAX):
        raise InvalidFilter(f"{name}: must be a whole number of minor units, not {raw[:20]!r}")
    return int(raw)
