"""`manage.py list_skus`: every SKU of the catalog, one a line, for other programs to read."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from monolith.catalog.models import Variant


class Command(BaseCommand):
    """Prints as it reads."""

    help = "Print every SKU of the catalog, one a line, in order."

    def handle(self, *args: Any, **options: Any) -> None:
        for sku in Variant.objects.order_by("sku").values_list("sku", flat=True).iterator(chunk_size=2_000):
            self.stdout.write(sku)
