"""
The catalog's tables.

Ids are made in the application, no row refers to another app's, and nothing relies on a sequence: rows can move.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from monolith.catalog.domain import CURRENCIES, DEFAULT_CURRENCY, Dims, Status
from monolith.catalog.search.words import WORD_LENGTH_MAX
from monolith.kernel.ids import uuid7
from monolith.kernel.money import Money
from monolith.kernel.words import choices
from strangler.bindings.records import CommandRecord
from strangler.events.records import InboxCursor, InboxMessage, OutboxCopy, OutboxEvent, OutboxStream
from strangler.hosting.rest.history import StatusHistory
from strangler.hosting.rest.records import IdempotencyRecord

_STATUSES = choices(Status)


class Category(models.Model):
    """A node of the category tree; `path` repeats the slugs from the root, so that a subtree is one prefix."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=100, db_index=False)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=1100, editable=False, db_index=True)
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "catalog_category"
        ordering: ClassVar = ["path"]
        verbose_name_plural = "categories"
        constraints: ClassVar = [models.UniqueConstraint(fields=["slug"], name="catalog_category_slug_unique")]

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """
    A thing for sale, in one or more variants.

    Attributes:
        lowest_price_minor: of the active variants, kept in step by the services so that lists can filter and sort.
        search_name, search_brand, search_text: what a search looks at, see `search.words.searchable`; the text has it
            all. PostgreSQL makes its `search_vector` of them, which is no field: other databases have no such type.
        version: grows with every change of the product, its variants or its category's name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=200, db_index=False)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    brand = models.CharField(max_length=100, blank=True, default="", db_index=True)
    status = models.CharField(max_length=16, choices=_STATUSES, default=Status.DRAFT.value, editable=False)
    attributes = models.JSONField(default=dict, blank=True)
    currency = models.CharField(max_length=3, default=DEFAULT_CURRENCY, editable=False)
    lowest_price_minor = models.BigIntegerField(null=True, editable=False)
    search_name = models.TextField(default="", db_default="", editable=False)
    search_brand = models.TextField(default="", db_default="", editable=False)
    search_text = models.TextField(default="", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "catalog_product"
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug"], name="catalog_product_slug_unique"),
            models.CheckConstraint(condition=Q(status__in=[s.value for s in Status]), name="catalog_product_status"),
            models.CheckConstraint(condition=Q(currency__in=CURRENCIES), name="catalog_product_currency"),
            models.CheckConstraint(
                condition=~Q(status=Status.PUBLISHED.value) | Q(category__isnull=False),
                name="catalog_product_published",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "created_at", "id"], name="catalog_product_by_age"),
            models.Index(fields=["status", "lowest_price_minor", "id"], name="catalog_product_by_price"),
            models.Index(fields=["status", "name", "id"], name="catalog_product_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What is sold: one SKU with one price."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=64, editable=False)
    name = models.CharField(max_length=200, blank=True, default="")
    price_minor = models.BigIntegerField(editable=False)
    compare_at_price_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default=DEFAULT_CURRENCY, editable=False)
    weight_g = models.PositiveIntegerField(null=True, blank=True)
    length_mm = models.PositiveIntegerField(null=True, blank=True)
    width_mm = models.PositiveIntegerField(null=True, blank=True)
    height_mm = models.PositiveIntegerField(null=True, blank=True)
    barcode = models.CharField(max_length=32, blank=True, default="")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "catalog_variant"
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sku"], name="catalog_variant_sku_unique"),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="catalog_variant_price"),
            models.CheckConstraint(
                condition=Q(compare_at_price_minor__isnull=True) | Q(compare_at_price_minor__gte=0),
                name="catalog_variant_compare_at",
            ),
            models.CheckConstraint(condition=Q(currency__in=CURRENCIES), name="catalog_variant_currency"),
            models.CheckConstraint(
                condition=Q(length_mm__isnull=True, width_mm__isnull=True, height_mm__isnull=True)
                | Q(length_mm__isnull=False, width_mm__isnull=False, height_mm__isnull=False),
                name="catalog_variant_dims",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def price(self) -> Money:
        """What it costs now."""
        return Money(self.price_minor, self.currency)

    @property
    def compare_at_price(self) -> Money | None:
        """The price shown struck through beside it."""
        return None if self.compare_at_price_minor is None else Money(self.compare_at_price_minor, self.currency)

    @property
    def dims_mm(self) -> Dims | None:
        """How large it is, packed; all three or none."""
        if self.length_mm is None or self.width_mm is None or self.height_mm is None:
            return None
        return Dims(self.length_mm, self.width_mm, self.height_mm)


class Media(models.Model):
    """A picture or film of a product; `position` counts from 0."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="media")
    url = models.CharField(max_length=2000)
    alt = models.CharField(max_length=500, blank=True, default="")
    position = models.PositiveIntegerField()

    class Meta:
        db_table = "catalog_media"
        ordering: ClassVar = ["position"]
        verbose_name_plural = "media"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product", "position"], name="catalog_media_position_unique")
        ]

    def __str__(self) -> str:
        return self.url


class PriceHistory(models.Model):
    """Every price that a variant has had; the one without `valid_to` is the price now."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="prices")
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    actor = models.CharField(max_length=255, default="")
    valid_from = models.DateTimeField(default=timezone.now)
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "catalog_price_history"
        ordering: ClassVar = ["valid_from", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="catalog_price_history_price"),
            models.UniqueConstraint(
                fields=["variant"], condition=Q(valid_to__isnull=True), name="catalog_price_history_one_now"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.price_minor} {self.currency} from {self.valid_from:%Y-%m-%d}"


class ProductStatusHistory(StatusHistory):
    """Every step of a product's life: who, when, from where to where."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="status_history")
    from_status = models.CharField(max_length=16, choices=_STATUSES)
    to_status = models.CharField(max_length=16, choices=_STATUSES)

    class Meta(StatusHistory.Meta):
        db_table = "catalog_product_status_history"


class SearchWord(models.Model):
    """A word of a name or brand, for those who mistype it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    word = models.CharField(max_length=WORD_LENGTH_MAX)

    class Meta:
        db_table = "catalog_search_word"
        constraints: ClassVar = [models.UniqueConstraint(fields=["word"], name="catalog_search_word_unique")]

    def __str__(self) -> str:
        return self.word


class Availability(models.Model):
    """
    What the inventory has told of a SKU, known to the catalog or not; there is no row of what it never told of.

    Attributes:
        available: units when it was told; in between only whether there are any is known.
        as_of: when it was told, by the inventory's clock.
    """

    sku = models.CharField(primary_key=True, max_length=64)
    in_stock = models.BooleanField()
    available = models.BigIntegerField()
    as_of = models.DateTimeField()

    class Meta:
        db_table = "catalog_availability"
        verbose_name_plural = "availability"

    def __str__(self) -> str:
        return f"{self.sku}: {self.available}"


class CatalogIdempotency(IdempotencyRecord):
    """The keys of the catalog's own POSTs: they move with its rows (R7)."""

    class Meta(IdempotencyRecord.Meta):
        db_table = "catalog_idempotency"


class CatalogCommand(CommandRecord):
    """What the catalog's commands have returned, by key (R13)."""

    class Meta(CommandRecord.Meta):
        db_table = "catalog_command"


class CatalogOutboxEvent(OutboxEvent):
    """What has happened in the catalog."""

    class Meta(OutboxEvent.Meta):
        db_table = "catalog_outbox"


class CatalogOutboxCopy(OutboxCopy):
    """What each subscriber has got of it."""

    class Meta(OutboxCopy.Meta):
        db_table = "catalog_outbox_copy"


class CatalogOutboxStream(OutboxStream):
    """How far the events of each product, variant and category have come."""

    class Meta(OutboxStream.Meta):
        db_table = "catalog_outbox_stream"


class CatalogInboxMessage(InboxMessage):
    """What the catalog was told, and its tasks that have run (R14)."""

    class Meta(InboxMessage.Meta):
        db_table = "catalog_inbox"


class CatalogInboxCursor(InboxCursor):
    """How far the catalog has listened."""

    class Meta(InboxCursor.Meta):
        db_table = "catalog_inbox_cursor"
