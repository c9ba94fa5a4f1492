"""The catalog's own problem codes and what they are in HTTP."""

from __future__ import annotations

from strangler.hosting.rest.codes import ProblemCode


class CatalogCode(ProblemCode):
    """Closed list; the common ones are in RestCode."""

    INVALID_FILTER = "invalid_filter", 400, "A filter is not valid"
    SKU_TAKEN = "sku_taken", 409, "The SKU is taken"
    SLUG_TAKEN = "slug_taken", 409, "The slug is taken"
    CATEGORY_NOT_EMPTY = "category_not_empty", 409, "A category with children or products cannot be deleted"
    CATEGORY_CYCLE = "category_cycle", 409, "A category cannot lie within itself"
    INVALID_TRANSITION = "invalid_transition", 409, "The status does not allow this"
    UNKNOWN_CATEGORY = "unknown_category", 422, "There is no such category"
    CATEGORY_TOO_DEEP = "category_too_deep", 422, "The category tree would be too deep"
    CURRENCY_MISMATCH = "currency_mismatch", 422, "The variants of a product have one currency"
    SKU_IMMUTABLE = "sku_immutable", 422, "A SKU cannot be changed"
    PRODUCT_NOT_PUBLISHABLE = "product_not_publishable", 422, "The product lacks something to be published"
