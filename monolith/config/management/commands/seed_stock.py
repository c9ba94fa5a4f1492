"""Stock whatever the catalog sells, so that there is something to reserve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from monolith.catalog.contract import catalog

_PAGE = 1000


class Command(BaseCommand):
    """SKUs come by the catalog's contract, wherever it lives; the inventory's own command does the rest."""

    help = "Stock every SKU of the catalog; what has stock already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        if skus := list(_skus()):
            call_command("seed_inventory", *skus, stdout=self.stdout)


def _skus() -> Iterator[str]:
    after = ""
    while page := catalog().skus(after=after, limit=_PAGE):
        yield from page
        after = page[-1]
