"""`manage.py seed_inventory`: stock SKUs, so that there is something to sell."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monolith.inventory.domain import is_sku
from monolith.inventory.seed import DEFAULT_SEED, stock_up
from strangler.errors import SetupError
from strangler.fence import Moved


class Command(BaseCommand):
    """Parse, show progress, explain refusals; the work is in `monolith.inventory.seed`."""

    help = "Stock SKUs in three warehouses; a SKU that has been received already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("skus", nargs="*", metavar="SKU")
        parser.add_argument("--skus-from", metavar="FILE", help="one SKU per line; - reads standard input")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another number, other quantities")

    def handle(self, *args: Any, skus: list[str], skus_from: str | None, seed: int, **options: Any) -> None:
        wanted = list(dict.fromkeys([*skus, *_read(skus_from)]))
        if bad := [sku for sku in wanted if not is_sku(sku)]:
            raise CommandError(f"{bad[0][:70]!r} is no SKU.")
        began = time.monotonic()
        try:
            new = self._stock_up(wanted, seed)
        except Moved as moved:
            raise CommandError(_whose(moved)) from moved
        except SetupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}Has `manage.py migrate` been run here?") from error
        took_s = time.monotonic() - began
        self.stdout.write(f"{new} SKUs stocked, {len(wanted) - new} were there already ({took_s:.1f} s).")

    def _stock_up(self, skus: list[str], seed: int) -> int:
        console = Console()
        columns = (
            TextColumn("stocking"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        made = 0
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=len(skus))
            for step in stock_up(skus, seed=seed):
                bar.update(task, completed=step.done)
                made = step.made
        return made


def _read(skus_from: str | None) -> list[str]:
    if skus_from is None:
        return []
    try:
        text = sys.stdin.read() if skus_from == "-" else Path(skus_from).read_text()
    except OSError as error:
        raise CommandError(f"{skus_from} cannot be read: {error.strerror}.") from error
    return text.split()


def _whose(moved: Moved) -> str:
    return (
        f"{moved}. Stock up there (`manage.py seed_inventory --settings=<the settings of that host>`), "
        "or move it here first (`manage.py strangler toggle inventory`)."
    )
