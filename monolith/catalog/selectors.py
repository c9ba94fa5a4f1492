"""Reads of the catalog; each returns querysets or rows and changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, IntegerField, Prefetch, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTransform

from monolith.catalog.contract import InvalidFilter
from monolith.catalog.domain import ATTRIBUTE_NAME, CURRENCIES, DEFAULT_CURRENCY, Status, below, search_words
from monolith.catalog.models import Category, PriceHistory, Product, Variant
from monolith.kernel.money import AMOUNT_MAX

_FOR_EVERYBODY = frozenset({Status.PUBLISHED, Status.ARCHIVED})


@dataclass(frozen=True)
class ProductFilter:
    """
    What a list of products shows.

    Attributes:
        category: slug; its whole subtree is meant.
        min_price: minor units of *currency*, compared with the cheapest active variant; so is *max_price*.
        attributes: name to text; "5" means the text and the number, "true" the text and the boolean.
        search: every word must begin a word of name, brand, description or SKU.
    """

    status: Status = Status.PUBLISHED
    category: str | None = None
    brand: str | None = None
    currency: str = DEFAULT_CURRENCY
    min_price: int | None = None
    max_price: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    search: str | None = None


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
    if unknown := sorted(rest.keys() - ProductFilter.__dataclass_fields__.keys() | rest.keys() & {"attributes"}):
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
        search=rest.get("search"),
    )


def products(wanted: ProductFilter) -> QuerySet[Product]:
    """
    Return the products that *wanted* describes, with what a list shows of each.

    Their `rank` is 0 when the name begins with the searched words, else 1.
    """
    rows = _with_details(Product.objects.filter(status=wanted.status))
    if wanted.category is not None:
        rows = rows.filter(category__in=_subtree(wanted.category))
    if wanted.brand is not None:
        rows = rows.filter(brand=wanted.brand)
    if wanted.min_price is not None or wanted.max_price is not None:
        rows = rows.filter(currency=wanted.currency, lowest_price_minor__isnull=False)
    if wanted.min_price is not None:
        rows = rows.filter(lowest_price_minor__gte=wanted.min_price)
    if wanted.max_price is not None:
        rows = rows.filter(lowest_price_minor__lte=wanted.max_price)
    for number, (name, value) in enumerate(sorted(wanted.attributes.items())):
        rows = rows.alias(**{f"_attr{number}": KeyTransform(name, "attributes")}).filter(_is(f"_attr{number}", value))
    return _search(rows, wanted.search)


def product(ref: str, *, statuses: Collection[Status] = _FOR_EVERYBODY) -> Product | None:
    """Return a product by id or slug; archived ones stay readable for old orders."""
    rows = _with_details(Product.objects.filter(status__in=statuses))
    return rows.filter(_by_ref(ref)).first()


def product_to_draw(ref: str) -> Drawable | None:
    """Return what the picture of a product depends on."""
    rows = Product.objects.filter(_by_ref(ref), status__in=_FOR_EVERYBODY)
    found = rows.values_list("id", "name", "category__path").first()
    return None if found is None else Drawable(found[0], found[1], found[2] or "")


def variant(variant_id: UUID, *, statuses: Collection[Status] = _FOR_EVERYBODY) -> Variant | None:
    """Return a variant of a product in one of *statuses*."""
    return Variant.objects.select_related("product").filter(id=variant_id, product__status__in=statuses).first()


def variants(ids: Iterable[UUID], *, statuses: Collection[Status] = _FOR_EVERYBODY) -> list[Variant]:
    """Return the variants among *ids* that exist, in the order of *ids*."""
    wanted = list(dict.fromkeys(ids))
    found = Variant.objects.select_related("product").filter(product__status__in=statuses).in_bulk(wanted)
    return [found[variant_id] for variant_id in wanted if variant_id in found]


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
    return rows.select_related("category").prefetch_related(Prefetch("variants", Variant.objects.order_by("sku")))


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


def _search(rows: QuerySet[Product], text: str | None) -> QuerySet[Product]:
    """Portable on purpose: LIKE over plain words finds the same ids on SQLite and PostgreSQL."""
    if not text:
        return rows.annotate(rank=Value(0))
    words = search_words(text)
    if not words:
        return rows.annotate(rank=Value(0)).none()
    for word in words:
        rows = rows.filter(search_text__contains=f" {word}")
    begins = Q(search_text__startswith=" " + " ".join(words))
    return rows.annotate(rank=Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField()))


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


def _amount(name: str, raw: str | None) -> int | None:
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) < 20 and int(raw) <= AMOUNT_MAX):
        raise InvalidFilter(f"{name}: must be a whole number of minor units, not {raw[:20]!r}")
    return int(raw)
