"""
Writes of the catalog. Each function owns its transaction, changes what it names or nothing, and refuses by raising.

A row's version is the WHERE of its UPDATE: whoever read an older one is refused, however the requests interleave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from monolith.catalog.contract import (
    CategoryCycle,
    CategoryTooDeep,
    CurrencyMismatch,
    InvalidTransition,
    ProductNotPublishable,
    SkuImmutable,
    SkuTaken,
    SlugTaken,
    UnknownCategory,
    VersionConflict,
)
from monolith.catalog.domain import (
    CATEGORY_DEPTH_MAX,
    TRANSITIONS,
    Status,
    below,
    category_path,
    depth_of,
    is_within,
    publish_obstacles,
    search_text,
)
from monolith.catalog.models import Category, PriceHistory, Product, ProductStatusHistory, Variant
from monolith.kernel.money import Money


@dataclass(frozen=True)
class NewVariant:
    """A variant to be made; weight in grams."""

    sku: str
    price: Money
    name: str = ""
    compare_at_price: Money | None = None
    weight_g: int | None = None
    barcode: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class NewProduct:
    """A product to be made, as a draft; `category` is a slug."""

    slug: str
    name: str
    description: str = ""
    category: str | None = None
    brand: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    variants: Sequence[NewVariant] = ()


@transaction.atomic
def category_create(*, slug: str, name: str, parent: str | None = None, position: int = 0) -> Category:
    """Make a category below *parent* (a slug), or a root. Raises SlugTaken, UnknownCategory, CategoryTooDeep."""
    above = None if parent is None else _category(parent)
    row = Category(
        slug=slug, name=name, parent=above, position=position, path=category_path(above and above.path, slug)
    )
    _check_depth(row.path)
    with _unique():
        row.save(force_insert=True)
    return row


@transaction.atomic
def category_update(*, category: Category, changes: Mapping[str, Any]) -> Category:
    """
    Change name, position, is_active or parent (a slug or None); moving takes the whole subtree along.

    Raises:
        CategoryCycle, CategoryTooDeep, UnknownCategory: nothing was changed.
        VersionConflict: *category* is no longer as it was read.
    """
    fields = {name: changes[name] for name in ("name", "position", "is_active") if name in changes}
    if "parent" in changes:
        fields |= _moved(category, changes["parent"])
    _update(Category, category, fields)
    # A product shows its category's name, so its validators change with it.
    if "name" in fields:
        Product.objects.filter(category=category).update(version=F("version") + 1)
    category.refresh_from_db()
    return category


def _moved(category: Category, parent_slug: str | None) -> dict[str, Any]:
    # Two moves at once could close a circle that neither sees: every move locks the whole tree, in one order.
    tree = {row.slug: row for row in Category.objects.select_for_update().order_by("id")}
    parent = None
    if parent_slug is not None:
        parent = tree.get(parent_slug)
        if parent is None:
            raise UnknownCategory(f"There is no category {parent_slug!r}.")
        if is_within(parent.path, category.path):
            raise CategoryCycle(f"{parent_slug!r} lies within {category.slug!r}.")
    path = category_path(parent and parent.path, category.slug)
    subtree = [row for row in tree.values() if row.path.startswith(below(category.path))]
    for row in subtree:
        row.path = path + row.path.removeprefix(category.path)
        row.version += 1
        _check_depth(row.path)
    _check_depth(path)
    Category.objects.bulk_update(subtree, ["path", "version"])
    return {"parent": parent, "path": path}


@transaction.atomic
def product_create(*, new: NewProduct, actor: str) -> Product:
    """
    Make a draft with its variants.

    Raises:
        SlugTaken, SkuTaken, UnknownCategory, CurrencyMismatch: nothing was made.
    """
    product = Product(
        slug=new.slug,
        name=new.name,
        description=new.description,
        category=None if new.category is None else _category(new.category),
        brand=new.brand,
        attributes=dict(new.attributes),
        search_text=_search_text(new, [variant.sku for variant in new.variants]),
    )
    if new.variants:
        product.currency = new.variants[0].price.currency
        active = [variant.price.amount for variant in new.variants if variant.is_active]
        product.lowest_price_minor = min(active, default=None)
    with _unique():
        product.save(force_insert=True)
    _insert_variants(product, new.variants, actor)
    return product


@transaction.atomic
def product_update(*, product: Product, changes: Mapping[str, Any]) -> Product:
    """
    Change slug, name, description, category (a slug or None), brand or attributes.

    Raises:
        SlugTaken, UnknownCategory, ProductNotPublishable: nothing was changed.
        VersionConflict: *product* is no longer as it was read.
    """
    fields = {n: changes[n] for n in ("slug", "name", "description", "brand", "attributes") if n in changes}
    if "category" in changes:
        fields["category"] = None if changes["category"] is None else _category(changes["category"])
        if fields["category"] is None and product.status == Status.PUBLISHED:
            raise ProductNotPublishable("A published product needs a category.", reasons=["no_category"])
    for name, value in fields.items():
        setattr(product, name, value)
    fields["search_text"] = _search_text(product, _skus(product))
    with _unique():
        _update_product(product, fields)
    return product


@transaction.atomic
def product_delete(*, product: Product) -> None:
    """
    Forget a draft. What was once published is archived instead: old orders refer to it.

    Raises:
        InvalidTransition: it is no draft.
        VersionConflict: *product* is no longer as it was read.
    """
    if product.status != Status.DRAFT:
        raise _not_allowed(product.status, "deleted")
    _update_product(product, {})
    product.delete()


@transaction.atomic
def product_publish(*, product_id: UUID, actor: str, reason: str = "") -> Product:
    """Show a product to everybody. Raises InvalidTransition, ProductNotPublishable."""
    product = _locked_for(product_id, Status.PUBLISHED)
    obstacles = publish_obstacles(
        has_category=product.category_id is not None,
        active_variants=product.variants.filter(is_active=True).count(),
    )
    if obstacles:
        raise ProductNotPublishable(f"The product is not ready: {', '.join(obstacles)}.", reasons=obstacles)
    return _step(product, Status.PUBLISHED, actor, reason)


@transaction.atomic
def product_archive(*, product_id: UUID, actor: str, reason: str = "") -> Product:
    """Take a product out of every list; it stays readable by id. Raises InvalidTransition."""
    return _step(_locked_for(product_id, Status.ARCHIVED), Status.ARCHIVED, actor, reason)


@transaction.atomic
def variant_add(*, product: Product, new: NewVariant, actor: str) -> Variant:
    """Add a variant. Raises SkuTaken, CurrencyMismatch, VersionConflict."""
    if not product.variants.exists():
        product.currency = new.price.currency
    (variant,) = _insert_variants(product, [new], actor)
    text = _search_text(product, _skus(product))
    _update_product(product, {"search_text": text, "currency": product.currency, **_lowest_price(product)})
    return variant


@transaction.atomic
def variant_update(*, variant: Variant, changes: Mapping[str, Any]) -> Variant:
    """
    Change name, compare_at_price, weight_g, barcode or is_active.

    Raises:
        SkuImmutable: the changes name another SKU.
        ProductNotPublishable: the last active variant of a published product stays active.
        CurrencyMismatch, VersionConflict: nothing was changed.
    """
    if changes.get("sku", variant.sku) != variant.sku:
        raise SkuImmutable("A SKU stays what it was; add another variant instead.")
    fields = {n: changes[n] for n in ("name", "weight_g", "barcode", "is_active") if n in changes}
    if "compare_at_price" in changes:
        fields["compare_at_price_minor"] = _amount_in(variant.currency, changes["compare_at_price"])
    product = Product.objects.select_for_update().get(id=variant.product_id)
    _update(Variant, variant, fields)
    lowest = _lowest_price(product)
    if lowest["lowest_price_minor"] is None and product.status == Status.PUBLISHED:
        raise ProductNotPublishable("A published product needs an active variant.", reasons=["no_active_variant"])
    _update_product(product, lowest)
    variant.refresh_from_db()
    return variant


@transaction.atomic
def variant_reprice(*, variant: Variant, price: Money, actor: str) -> Variant:
    """
    Set the price and keep the old one in the history; the same price changes nothing.

    Raises:
        CurrencyMismatch: the product is priced in another currency.
        VersionConflict: *variant* is no longer as it was read.
    """
    amount = _amount_in(variant.currency, price)
    if amount == variant.price_minor:
        return variant
    product = Product.objects.select_for_update().get(id=variant.product_id)
    _update(Variant, variant, {"price_minor": amount})
    now = timezone.now()
    PriceHistory.objects.filter(variant=variant, valid_to__isnull=True).update(valid_to=now)
    _price_history([variant], actor, now)
    _update_product(product, _lowest_price(product))
    return variant


def _category(slug: str) -> Category:
    row = Category.objects.filter(slug=slug).first()
    if row is None:
        raise UnknownCategory(f"There is no category {slug!r}.")
    return row


def _check_depth(path: str) -> None:
    if depth_of(path) > CATEGORY_DEPTH_MAX:
        raise CategoryTooDeep(f"{path} is deeper than {CATEGORY_DEPTH_MAX}.")


def _insert_variants(product: Product, new: Sequence[NewVariant], actor: str) -> list[Variant]:
    rows = [
        Variant(
            product=product,
            sku=item.sku,
            name=item.name,
            price_minor=_amount_in(product.currency, item.price),
            compare_at_price_minor=_amount_in(product.currency, item.compare_at_price),
            currency=product.currency,
            weight_g=item.weight_g,
            barcode=item.barcode,
            is_active=item.is_active,
        )
        for item in new
    ]
    with _unique():
        Variant.objects.bulk_create(rows)
    _price_history(rows, actor, timezone.now())
    return rows


def _price_history(variants: Sequence[Variant], actor: str, at: Any) -> None:
    PriceHistory.objects.bulk_create(
        PriceHistory(variant=v, price_minor=v.price_minor, currency=v.currency, actor=actor, valid_from=at)
        for v in variants
    )


def _amount_in(currency: str, price: Money | None) -> Any:
    if price is None:
        return None
    if price.currency != currency:
        raise CurrencyMismatch(f"The product is priced in {currency}, not {price.currency}.")
    return price.amount


def _lowest_price(product: Product) -> dict[str, Any]:
    active = Variant.objects.filter(product=product, is_active=True)
    return {"lowest_price_minor": active.aggregate(lowest=Min("price_minor"))["lowest"]}


def _skus(product: Product) -> list[str]:
    return list(Variant.objects.filter(product=product).order_by("sku").values_list("sku", flat=True))


def _search_text(of: Product | NewProduct, skus: Sequence[str]) -> str:
    return search_text([of.name, of.brand, of.description, *skus])


def _locked_for(product_id: UUID, target: Status) -> Product:
    product = Product.objects.select_for_update().get(id=product_id)
    if product.status not in TRANSITIONS.before(target):
        raise _not_allowed(product.status, target)
    return product


def _step(product: Product, target: Status, actor: str, reason: str) -> Product:
    """Where nothing locks rows, the condition of the UPDATE decides between two that want the same step."""
    before, now = product.status, timezone.now()
    moved = Product.objects.filter(id=product.id, status__in=TRANSITIONS.before(target))
    if not moved.update(status=target, version=F("version") + 1, updated_at=now):
        raise _not_allowed(before, target)
    ProductStatusHistory.objects.create(
        product=product, actor=actor, from_status=before, to_status=target, reason=reason, at=now
    )
    product.refresh_from_db()
    return product


def _not_allowed(status: str, target: str) -> InvalidTransition:
    allowed = sorted(TRANSITIONS.after(Status(status)) | ({"deleted"} if status == Status.DRAFT else set()))
    return InvalidTransition(
        f"A {status} product cannot become {target}.", **{"from": str(status), "to": str(target), "allowed": allowed}
    )


def _update_product(product: Product, fields: Mapping[str, Any]) -> None:
    _update(Product, product, {**fields, "updated_at": timezone.now()})


def _update(model: Any, row: Any, fields: Mapping[str, Any]) -> None:
    """Write *fields* if the row still has the version that was read, and count the version up."""
    same = model.objects.filter(Q(id=row.id) & Q(version=row.version))
    if not same.update(**fields, version=F("version") + 1):
        raise VersionConflict("The resource has changed since it was read.")
    row.version += 1
    for name, value in fields.items():
        setattr(row, name, value)


# PostgreSQL names the constraint, SQLite the column.
_TAKEN = {
    "catalog_product_slug_unique": SlugTaken("Another product has this slug."),
    "UNIQUE constraint failed: catalog_product.slug": SlugTaken("Another product has this slug."),
    "catalog_category_slug_unique": SlugTaken("Another category has this slug."),
    "UNIQUE constraint failed: catalog_category.slug": SlugTaken("Another category has this slug."),
    "catalog_variant_sku_unique": SkuTaken("Another variant has this SKU."),
    "UNIQUE constraint failed: catalog_variant.sku": SkuTaken("Another variant has this SKU."),
}


@contextmanager
def _unique() -> Iterator[None]:
    """Turn a violated unique constraint into its refusal: only the database can see two inserts at once."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for name, refusal in _TAKEN.items():
            if name in str(error):
                raise type(refusal)(str(refusal)) from error
        raise
