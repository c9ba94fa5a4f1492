"""The catalog's refusals; each says a fact and has a stable code."""

from __future__ import annotations

from strangler.errors import ContractError


class CatalogError(ContractError):
    """Root of the catalog's refusals."""


class SkuTaken(CatalogError):
    """Another variant has this SKU."""

    code = "sku_taken"


class SkuImmutable(CatalogError):
    """A SKU stays what it was when the variant was made."""

    code = "sku_immutable"


class SlugTaken(CatalogError):
    """Another product or category has this slug."""

    code = "slug_taken"


class OutOfBounds(CatalogError):
    """A number, a length or a price is outside what the operation allows."""

    code = "out_of_bounds"


class UnknownProduct(CatalogError):
    """There is no such product."""

    code = "unknown_product"


class UnknownVariant(CatalogError):
    """There is no such variant."""

    code = "unknown_variant"


class UnknownCategory(CatalogError):
    """A product or category names a category that does not exist."""

    code = "unknown_category"


class CategoryCycle(CatalogError):
    """A category would become its own ancestor."""

    code = "category_cycle"


class CategoryTooDeep(CatalogError):
    """The tree would exceed its depth."""

    code = "category_too_deep"


class CategoryNotEmpty(CatalogError):
    """A category that has children or products cannot be deleted; the context counts `children` and `products`."""

    code = "category_not_empty"


class CurrencyMismatch(CatalogError):
    """The variants of one product are priced in one currency."""

    code = "currency_mismatch"


class ProductNotPublishable(CatalogError):
    """A published product lacks something; the context has `reasons`."""

    code = "product_not_publishable"


class InvalidTransition(CatalogError):
    """The product's status does not allow the step; the context has `from`, `to` and `allowed`."""

    code = "invalid_transition"


class InvalidFilter(CatalogError):
    """A filter of a list is unknown or cannot be read."""

    code = "invalid_filter"


class VersionConflict(CatalogError):
    """The row was changed after the caller had read it."""

    code = "version_conflict"
