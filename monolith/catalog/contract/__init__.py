"""What other apps may know of the catalog."""

from monolith.catalog.contract.errors import (
    CatalogError,
    CategoryCycle,
    CategoryNotEmpty,
    CategoryTooDeep,
    CurrencyMismatch,
    InvalidFilter,
    InvalidTransition,
    OutOfBounds,
    ProductNotPublishable,
    SkuImmutable,
    SkuTaken,
    SlugTaken,
    UnknownCategory,
    UnknownProduct,
    UnknownVariant,
    VersionConflict,
)
from monolith.catalog.contract.operations import Catalog, catalog
from monolith.catalog.contract.values import Dims, Medium, Product, ProductName, ProductStatus, Variant

__all__ = [
    "Catalog",
    "CatalogError",
    "CategoryCycle",
    "CategoryNotEmpty",
    "CategoryTooDeep",
    "CurrencyMismatch",
    "Dims",
    "InvalidFilter",
    "InvalidTransition",
    "Medium",
    "OutOfBounds",
    "Product",
    "ProductName",
    "ProductNotPublishable",
    "ProductStatus",
    "SkuImmutable",
    "SkuTaken",
    "SlugTaken",
    "UnknownCategory",
    "UnknownProduct",
    "UnknownVariant",
    "Variant",
    "VersionConflict",
    "catalog",
]
