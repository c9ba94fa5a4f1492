"""What the catalog does for other apps."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from monolith.catalog.contract.errors import CurrencyMismatch, OutOfBounds, UnknownProduct, UnknownVariant
from monolith.catalog.contract.values import Product, Variant
from monolith.kernel.money import Money
from strangler.contract import Port, command, query


class Catalog(Protocol):
    """Products and their prices, of every status: whoever sells looks at `for_sale`. Reads show what is committed."""

    @query(raises=(OutOfBounds,))
    def variants(self, *, ids: tuple[UUID, ...]) -> tuple[Variant, ...]:
        """
        Return variants with their prices now.

        Args:
            ids: 1 to 200, any order.

        Returns:
            In the order of *ids*, repeats dropped; what does not exist is left out.
        """
        ...

    @query(raises=(OutOfBounds,))
    def variants_by_sku(self, *, skus: tuple[str, ...]) -> tuple[Variant, ...]:
        """
        Return variants with their prices now.

        Args:
            skus: 1 to 200, any order.

        Returns:
            In the order of *skus*, repeats dropped; what does not exist is left out.
        """
        ...

    @query(raises=(UnknownProduct,))
    def product(self, *, ref: str) -> Product:
        """Return a product by its id or slug."""
        ...

    @query(raises=(OutOfBounds,))
    def products(self, *, ids: tuple[UUID, ...]) -> tuple[Product, ...]:
        """
        Return products with their variants.

        Args:
            ids: 1 to 50, any order.

        Returns:
            In the order of *ids*, repeats dropped; what does not exist is left out.
        """
        ...

    @query(timeout_s=2.0, raises=(OutOfBounds,))
    def search(self, *, text: str, limit: int = 20) -> tuple[Product, ...]:
        """
        Return published products by words, the most relevant first.

        Args:
            text: 1 to 200 characters, read as the REST search reads its `q`.
            limit: 1 to 50.
        """
        ...

    @query(raises=(OutOfBounds,))
    def skus(self, *, after: str = "", limit: int = 200) -> tuple[str, ...]:
        """
        Return the SKUs that follow *after* in the order of the database: all of them, page by page.

        Args:
            after: the last SKU of the page before.
            limit: 1 to 1000.
        """
        ...

    @command(key=("key",), raises=(UnknownVariant, CurrencyMismatch, OutOfBounds))
    def set_price(self, *, key: str, variant_id: UUID, price: Money, actor: str) -> Variant:
        """
        Set a variant's price; the old one goes into the history. The same price changes nothing.

        Args:
            key: names this change, 1 to 100 characters: a repeat sets nothing back that was changed since.
            price: zero or more, in the currency of the product.
            actor: for the history, at most 255 characters.

        Returns:
            The variant as it was right after the change, in a repeat as well.

        Raises:
            RemoteCallError: outcome unknown; repeat with the same *key*.
        """
        ...


catalog = Port[Catalog]("catalog")
