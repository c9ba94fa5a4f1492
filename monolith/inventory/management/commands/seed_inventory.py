"""`manage.py seed_inventory`: stock SKUs, so that there is something to sell."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monolith.inventory.domain import is_sku
from monolith.inventory.seed import DEFAULT_SEED, stock_up
from strangler.hosting.batches import BatchCommand


class Command(BatchCommand):
    """Parse and tell; the work is in `monolith.inventory.seed`."""

    help = "Stock SKUs in three warehouses; a SKU that has been received already stays as it is."
    doing = "stocking"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("skus", nargs="*", metavar="SKU")
        parser.add_argument("--skus-from", metavar="FILE", help="one SKU per line; - reads standard input")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another number, other quantities")

    def handle(self, *args: Any, skus: list[str], skus_from: str | None, seed: int, **options: Any) -> None:
        wanted = list(dict.fromkeys([*skus, *_read(skus_from)]))
        if bad := [sku for sku in wanted if not is_sku(sku)]:
            raise CommandError(f"{bad[0][:70]!r} is no SKU.")
        began = time.monotonic()
        new = self.follow(stock_up(wanted, seed=seed), len(wanted))
        took_s = time.monotonic() - began
        self.stdout.write(f"{new} SKUs stocked, {len(wanted) - new} were there already ({took_s:.1f} s).")


def _read(skus_from: str | None) -> list[str]:
    if skus_from is None:
        return []
    try:
        text = sys.stdin.read() if skus_from == "-" else Path(skus_from).read_text()
    except OSError as error:
        raise CommandError(f"{skus_from} cannot be read: {error.strerror}.") from error
    return text.split()
