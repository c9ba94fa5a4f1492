"""
Writes of the catalog. Each function owns its transaction, changes what it names or nothing, and refuses by raising.

What has happened is published in the transaction that makes it so; a refused write tells nothing.

A row's version is the WHERE of its UPDATE: whoever read an older one is refused, however the requests interleave.
"""

from monolith.catalog.services.availability import availability_note
from monolith.catalog.services.categories import category_create, category_delete, category_update
from monolith.catalog.services.inputs import NewMedia, NewProduct, NewVariant
from monolith.catalog.services.products import (
    product_archive,
    product_create,
    product_delete,
    product_illustrate,
    product_publish,
    product_update,
)
from monolith.catalog.services.rows import search_fields
from monolith.catalog.services.variants import variant_add, variant_reprice, variant_set_price, variant_update

__all__ = [
    "NewMedia",
    "NewProduct",
    "NewVariant",
    "availability_note",
    "category_create",
    "category_delete",
    "category_update",
    "product_archive",
    "product_create",
    "product_delete",
    "product_illustrate",
    "product_publish",
    "product_update",
    "search_fields",
    "variant_add",
    "variant_reprice",
    "variant_set_price",
    "variant_update",
]
