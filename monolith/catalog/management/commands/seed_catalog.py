"""`manage.py seed_catalog`: fill the catalog with a believable shop."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monolith.catalog.seed import DEFAULT_SEED, fill
from strangler.hosting.batches import BatchCommand


class Command(BatchCommand):
    """Parse and tell; the work is in `monolith.catalog.seed`."""

    help = "Fill the catalog with categories and products; rows that are there already stay as they are."
    doing = "seeding"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=10_000, help="how many (default: 10000)")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another number, another shop")

    def handle(self, *args: Any, products: int, seed: int, **options: Any) -> None:
        if products < 0:
            raise CommandError("--products must be 0 or more.")
        began = time.monotonic()
        new = self.follow(fill(products=products, seed=seed), products)
        took_s = time.monotonic() - began
        self.stdout.write(f"{new} products made, {products - new} were there already ({took_s:.1f} s).")
