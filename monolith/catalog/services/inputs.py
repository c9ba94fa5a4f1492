"""What the services are given to make something of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monolith.catalog.domain import Dims
from monolith.kernel.money import Money


@dataclass(frozen=True)
class NewVariant:
    """A variant to be made; weight in grams."""

    sku: str
    price: Money
    name: str = ""
    compare_at_price: Money | None = None
    weight_g: int | None = None
    dims_mm: Dims | None = None
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


@dataclass(frozen=True)
class NewMedia:
    """A picture or film of a product."""

    url: str
    alt: str = ""
