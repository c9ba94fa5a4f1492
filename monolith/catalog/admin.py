"""The catalog's admin: lists and forms over the same services as REST."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from monolith.catalog import services
from monolith.catalog.domain import Dims, attribute_faults
from monolith.catalog.models import Category, Media, PriceHistory, Product, ProductStatusHistory, Variant
from monolith.kernel.money import Money
from strangler.hosting.admin import OwnedAdmin, ShownInline

_DIMS = ("length_mm", "width_mm", "height_mm")


class _CatalogAdmin(OwnedAdmin):
    """Nothing is deleted here, for orders refer to it."""

    capability = "catalog"
    elsewhere = "/api/catalog/docs"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _SeenForm(forms.ModelForm):
    """Carries the version that was seen, so that a form which is behind changes nothing (as If-Match does in REST)."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version


def _seen(row: Any, form: _SeenForm) -> Any:
    """Return *row* with the version that the form was made of: the services refuse it when it is behind."""
    row.version = form.cleaned_data["seen_version"] or row.version
    return row


class _Variants(ShownInline):
    model = Variant
    fields = ("sku", "name", "price", "weight_g", "barcode", "is_active")
    readonly_fields = fields
    show_change_link = True


class _Media(ShownInline):
    model = Media
    fields = ("position", "url", "alt")


class _Steps(ShownInline):
    model = ProductStatusHistory
    fields = ("at", "from_status", "to_status", "actor", "reason")
    verbose_name_plural = "status history"


class _Prices(ShownInline):
    model = PriceHistory
    fields = ("price_minor", "currency", "valid_from", "valid_to", "actor")
    verbose_name_plural = "price history"


class ProductForm(_SeenForm):
    """Attributes follow the catalog's rule."""

    def clean_attributes(self) -> Any:
        attributes = self.cleaned_data["attributes"] or {}
        faults = attribute_faults(attributes) if isinstance(attributes, dict) else ["must be an object"]
        if faults:
            raise forms.ValidationError(faults)
        return attributes


@admin.register(Product)
class ProductAdmin(_CatalogAdmin):
    """Products with their picture; status changes are actions."""

    form = ProductForm
    list_display = ("picture", "name", "brand", "category", "status", "price_from", "variant_count", "updated_at")
    list_display_links = ("picture", "name")
    list_filter = ("status", ("category", admin.RelatedOnlyFieldListFilter), "brand")
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("name", "slug", "brand", "variants__sku")
    ordering = ("-created_at",)
    autocomplete_fields = ("category",)
    readonly_fields = ("id", "status", "price_from", "version", "created_at", "updated_at")
    inlines = (_Variants, _Media, _Steps)
    actions = ("publish", "archive")
    _content: ClassVar = ("slug", "name", "description", "category", "brand", "attributes")
    fields = (*_content, *readonly_fields, "seen_version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(variant_count=Count("variants"))

    @admin.display(description="")
    def picture(self, row: Product) -> str:
        """The drawing, small."""
        return format_html('<img src="/api/catalog/products/{}/picture.svg" width="40" height="40" alt="">', row.id)

    @admin.display(description="from", ordering="lowest_price_minor")
    def price_from(self, row: Product) -> str:
        """The cheapest active variant's price."""
        return "-" if row.lowest_price_minor is None else str(Money(row.lowest_price_minor, row.currency))

    @admin.display(description="variants", ordering="variant_count")
    def variant_count(self, row: Any) -> int:
        """How many variants it has."""
        return int(row.variant_count)

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Publish each that can be."""
        self._step(request, queryset, services.product_publish)

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        """Archive each that can be."""
        self._step(request, queryset, services.product_archive)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = {name: form.cleaned_data[name] for name in self._content}
        content["category"] = None if content["category"] is None else content["category"].slug
        if change:
            services.product_update(product=_seen(Product.objects.get(id=obj.id), form), changes=content)
        else:
            obj.id = services.product_create(new=services.NewProduct(**content), actor=_actor(request)).id

    def _step(self, request: HttpRequest, queryset: QuerySet[Product], step: Any) -> None:
        self.each(request, queryset, lambda row: step(product_id=row.id, actor=_actor(request)))


class VariantForm(_SeenForm):
    """A price is set, not edited: the old one goes into the history."""

    new_price_minor = forms.IntegerField(min_value=0, required=False, help_text="minor units; empty keeps the price")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if len({cleaned.get(name) is None for name in _DIMS}) > 1:
            raise forms.ValidationError("Length, width and height are given together, or none of them.")
        return cleaned

    def dims(self) -> Dims | None:
        """What was entered."""
        length, width, height = (self.cleaned_data[name] for name in _DIMS)
        return None if length is None else Dims(length, width, height)


@admin.register(Variant)
class VariantAdmin(_CatalogAdmin):
    """Variants; new ones are added over REST."""

    form = VariantForm
    list_display = ("sku", "product", "name", "price", "is_active")
    list_filter = ("is_active", "currency")
    list_select_related = ("product",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("sku", "barcode", "product__name")
    readonly_fields = ("product", "sku", "price", "version")
    inlines = (_Prices,)
    _content: ClassVar = ("name", "weight_g", "barcode", "is_active")
    fields = ("product", "sku", "price", "new_price_minor", *_content, _DIMS, "version", "seen_version")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        content = {name: form.cleaned_data[name] for name in self._content}
        content["dims_mm"] = form.dims()
        variant = services.variant_update(variant=_seen(Variant.objects.get(id=obj.id), form), changes=content)
        if (amount := form.cleaned_data["new_price_minor"]) is not None:
            services.variant_reprice(variant=variant, price=Money(amount, variant.currency), actor=_actor(request))


@admin.register(Category)
class CategoryAdmin(_CatalogAdmin):
    """The tree, by path."""

    form = _SeenForm
    list_display = ("path", "name", "position", "product_count", "is_active")
    list_display_links = ("path", "name")
    list_filter = ("is_active",)
    search_fields = ("name", "slug")
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    _content: ClassVar = ("name", "position", "is_active")
    fields = ("slug", "parent", *_content, "seen_version")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("slug",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(product_count=Count("products"))

    @admin.display(description="products", ordering="product_count")
    def product_count(self, row: Any) -> int:
        """How many products are right in it."""
        return int(row.product_count)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in self._content}
        chosen = form.cleaned_data["parent"]
        parent = None if chosen is None else chosen.slug
        if change:
            row = _seen(Category.objects.select_related("parent").get(id=obj.id), form)
            if parent != (row.parent and row.parent.slug):
                changes["parent"] = parent
            services.category_update(category=row, changes=changes)
        else:
            position = changes["position"]
            obj.id = services.category_create(slug=obj.slug, name=obj.name, parent=parent, position=position).id


def _actor(request: HttpRequest) -> str:
    """The subject under which REST knows the same person."""
    return str(request.user.pk)
