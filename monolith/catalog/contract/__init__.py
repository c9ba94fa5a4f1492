"""What other apps may know of the catalog."""

from monolith.catalog.contract.errors import (
    CatalogError,
    CategoryCycle,
    CategoryTooDeep,
    CurrencyMismatch,
    InvalidFilter,
    InvalidTransition,
    ProductNotPublishable,
    SkuImmutable,
    SkuTaken,
    SlugTaken,
    UnknownCategory,
    VersionConflict,
)

__all__ = [
    "CatalogError",
    "CategoryCycle",
    "CategoryTooDeep",
    "CurrencyMismatch",
    "InvalidFilter",
    "InvalidTransition",
    "ProductNotPublishable",
    "SkuImmutable",
    "SkuTaken",
    "SlugTaken",
    "UnknownCategory",
    "VersionConflict",
]
