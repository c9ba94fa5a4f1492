"""The catalog's JSON: what it reads, and what it writes (for OpenAPI; `representations` writes it)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monolith.catalog.domain import DIM_MAX_MM, MEDIA_MAX, VARIANTS_MAX, Dims, Status, attribute_faults
from monolith.catalog.services import NewMedia, NewProduct, NewVariant
from monolith.kernel.serializers import MoneySerializer, SkuField
from strangler.hosting.rest.serializers import StrictCharField, StrictIntegerField, StrictSerializer

_STATUSES = [status.value for status in Status]
_URL = r"^(?:https://[^\s/]|/(?!/))\S*$"
_SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"


class SlugField(serializers.RegexField):
    """Lower-case words joined by single hyphens."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_SLUG, **kwargs)


@extend_schema_field({"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}})
class AttributesField(serializers.JSONField):
    """Names to text, whole numbers or booleans."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Must be an object.")
        if faults := attribute_faults(data):
            raise serializers.ValidationError(faults)
        return data


class DimsSerializer(StrictSerializer):
    """How large something is, packed, in millimetres."""

    length = StrictIntegerField(min_value=1, max_value=DIM_MAX_MM)
    width = StrictIntegerField(min_value=1, max_value=DIM_MAX_MM)
    height = StrictIntegerField(min_value=1, max_value=DIM_MAX_MM)

    def to_internal_value(self, data: Any) -> Dims:
        return Dims(**super().to_internal_value(data))


class NewVariantSerializer(StrictSerializer):
    """A variant to be made."""

    sku = SkuField(help_text="never changes")
    price = MoneySerializer()
    name = StrictCharField(max_length=200, required=False, allow_blank=True)
    compare_at_price = MoneySerializer(required=False, allow_null=True)
    weight_g = StrictIntegerField(min_value=0, max_value=10_000_000, required=False, allow_null=True)
    dims_mm = DimsSerializer(required=False, allow_null=True)
    barcode = StrictCharField(max_length=32, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)

    def to_internal_value(self, data: Any) -> NewVariant:
        return NewVariant(**super().to_internal_value(data))


class VariantChangesSerializer(StrictSerializer):
    """What PATCH changes of a variant; its SKU may be repeated, not changed."""

    sku = StrictCharField(max_length=64)
    name = StrictCharField(max_length=200, allow_blank=True)
    compare_at_price = MoneySerializer(allow_null=True)
    weight_g = StrictIntegerField(min_value=0, max_value=10_000_000, allow_null=True)
    dims_mm = DimsSerializer(allow_null=True)
    barcode = StrictCharField(max_length=32, allow_blank=True)
    is_active = serializers.BooleanField()


class PriceSerializer(StrictSerializer):
    """A variant's new price."""

    price = MoneySerializer()


class ProductContentSerializer(StrictSerializer):
    """What PUT replaces and PATCH changes of a product."""

    slug = SlugField(max_length=200)
    name = StrictCharField(max_length=200)
    description = StrictCharField(max_length=20_000, allow_blank=True)
    category = StrictCharField(max_length=100, allow_null=True, help_text="slug")
    brand = StrictCharField(max_length=100, allow_blank=True)
    attributes = AttributesField()


class NewProductSerializer(StrictSerializer):
    """A product to be made."""

    slug = SlugField(max_length=200)
    name = StrictCharField(max_length=200)
    description = StrictCharField(max_length=20_000, required=False, allow_blank=True)
    category = StrictCharField(max_length=100, required=False, allow_null=True, help_text="slug")
    brand = StrictCharField(max_length=100, required=False, allow_blank=True)
    attributes = AttributesField(required=False)
    variants = NewVariantSerializer(many=True, required=False, max_length=VARIANTS_MAX)

    def to_internal_value(self, data: Any) -> NewProduct:
        return NewProduct(**super().to_internal_value(data))


class MediumSerializer(StrictSerializer):
    """A picture or film."""

    url = serializers.RegexField(_URL, max_length=2000, help_text="https, or a path of this platform")
    alt = StrictCharField(max_length=500, required=False, allow_blank=True, help_text="for those who cannot see it")

    def to_internal_value(self, data: Any) -> NewMedia:
        return NewMedia(**super().to_internal_value(data))


class MediaSerializer(StrictSerializer):
    """All media of a product, in order."""

    media = MediumSerializer(many=True, max_length=MEDIA_MAX)


class ReasonSerializer(StrictSerializer):
    """Why a product changes its status."""

    reason = StrictCharField(max_length=500, required=False, allow_blank=True)


class NewCategorySerializer(StrictSerializer):
    """A category to be made."""

    slug = SlugField(max_length=100)
    name = StrictCharField(max_length=200)
    parent = StrictCharField(max_length=100, required=False, allow_null=True, help_text="slug")
    position = StrictIntegerField(min_value=0, max_value=1_000_000, required=False)


class CategoryChangesSerializer(StrictSerializer):
    """What PATCH changes of a category."""

    name = StrictCharField(max_length=200)
    parent = StrictCharField(max_length=100, allow_null=True, help_text="slug")
    position = StrictIntegerField(min_value=0, max_value=1_000_000)
    is_active = serializers.BooleanField()


class VariantSerializer(serializers.Serializer[Any]):
    """A variant as it is answered."""

    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    sku = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    price = MoneySerializer()
    compare_at_price = MoneySerializer(allow_null=True)
    weight_g = serializers.IntegerField(allow_null=True)
    dims_mm = DimsSerializer(allow_null=True)
    barcode = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    in_stock = serializers.BooleanField(help_text="as the inventory last told")
    version = serializers.IntegerField()


class CategoryNameSerializer(serializers.Serializer[Any]):
    """A product's category."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ShownMediumSerializer(serializers.Serializer[Any]):
    """A picture or film as it is answered."""

    url = serializers.CharField()
    alt = serializers.CharField(allow_blank=True)


class ProductSerializer(serializers.Serializer[Any]):
    """A product as it is answered."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    category = CategoryNameSerializer(allow_null=True)
    brand = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(_STATUSES)
    attributes = AttributesField()
    price_from = MoneySerializer(allow_null=True, help_text="of the cheapest active variant")
    variants = VariantSerializer(many=True)
    picture = serializers.CharField(help_text="path of an SVG")
    media = ShownMediumSerializer(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class ProductPageSerializer(serializers.Serializer[Any]):
    """A page of products."""

    data = ProductSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class HighlightsSerializer(serializers.Serializer[Any]):
    """Escaped HTML with <mark> around found words; a member is there when something was found in it."""

    name = serializers.CharField(required=False)
    brand = serializers.CharField(required=False)
    description = serializers.CharField(required=False)


class FoundProductSerializer(ProductSerializer):
    """A product that a search has found."""

    highlights = HighlightsSerializer()


class CategoryChoiceSerializer(serializers.Serializer[Any]):
    """A category and how many products its subtree would leave."""

    slug = serializers.CharField()
    name = serializers.CharField()
    path = serializers.CharField()
    count = serializers.IntegerField()


class BrandChoiceSerializer(serializers.Serializer[Any]):
    """A brand and how many products it would leave."""

    brand = serializers.CharField()
    count = serializers.IntegerField()


class PriceChoiceSerializer(serializers.Serializer[Any]):
    """A price class in minor units, both ends belong to it, and how many products it would leave."""

    min_price = serializers.IntegerField()
    max_price = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()


class FacetsSerializer(serializers.Serializer[Any]):
    """The facets that were asked for."""

    category = CategoryChoiceSerializer(many=True, required=False)
    brand = BrandChoiceSerializer(many=True, required=False)
    price = PriceChoiceSerializer(many=True, required=False)


class SearchPageSerializer(serializers.Serializer[Any]):
    """A page of what a search has found."""

    data = FoundProductSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)
    facets = FacetsSerializer()
    corrections = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="mistyped words, and what was looked for"
    )


class SuggestionSerializer(serializers.Serializer[Any]):
    """Something that the words lead to; categories and products have a slug."""

    kind = serializers.ChoiceField(["category", "brand", "product"])
    text = serializers.CharField()
    slug = serializers.CharField(allow_null=True)


class SuggestionsSerializer(serializers.Serializer[Any]):
    """Suggestions, best first."""

    data = SuggestionSerializer(many=True)


class VariantBatchSerializer(serializers.Serializer[Any]):
    """Variants in the order asked for, and the ids that name none."""

    data = VariantSerializer(many=True)
    missing = serializers.ListField(child=serializers.UUIDField())


class PriceHistorySerializer(serializers.Serializer[Any]):
    """A price and when it held."""

    price = MoneySerializer()
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)


class PriceHistoryPageSerializer(serializers.Serializer[Any]):
    """A page of prices."""

    data = PriceHistorySerializer(many=True)
    next = serializers.CharField(allow_null=True)
    prev = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(required=False)


class CategorySerializer(serializers.Serializer[Any]):
    """A category without its children."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    parent = serializers.CharField(allow_null=True, help_text="slug")
    path = serializers.CharField()
    position = serializers.IntegerField()
    is_active = serializers.BooleanField()
    version = serializers.IntegerField()


@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/CategoryNode"}})
class ChildrenField(serializers.ListField):
    """Categories below; OpenAPI needs the reference by name, the type being recursive."""


class CategoryNodeSerializer(CategorySerializer):
    """A category with its children."""

    children = ChildrenField()


class CategoryTreeSerializer(serializers.Serializer[Any]):
    """The whole tree of active categories."""

    data = CategoryNodeSerializer(many=True)
