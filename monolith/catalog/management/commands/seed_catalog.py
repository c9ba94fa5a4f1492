"""`manage.py seed_catalog`: fill the catalog with a believable shop."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monolith.catalog.seed import DEFAULT_SEED, fill
from strangler.errors import SetupError
from strangler.fence import Moved


class Command(BaseCommand):
    """Parse, show progress, explain refusals; the work is in `monolith.catalog.seed`."""

    help = "Fill the catalog with categories and products; rows that are there already stay as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--products", type=int, default=10_000, help="how many (default: 10000)")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another number, another shop")

    def handle(self, *args: Any, products: int, seed: int, **options: Any) -> None:
        if products < 0:
            raise CommandError("--products must be 0 or more.")
        began = time.monotonic()
        try:
            new = self._fill(products, seed)
        except Moved as moved:
            raise CommandError(_whose(moved)) from moved
        except SetupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}Has `manage.py migrate` been run here?") from error
        took_s = time.monotonic() - began
        self.stdout.write(f"{new} products made, {products - new} were there already ({took_s:.1f} s).")

    def _fill(self, products: int, seed: int) -> int:
        console = Console()
        columns = (TextColumn("seeding"), BarColumn(), MofNCompleteColumn(), TextColumn("left:"), TimeRemainingColumn())
        made = 0
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=products)
            for step in fill(products=products, seed=seed):
                bar.update(task, completed=step.done)
                made = step.made
        return made


def _whose(moved: Moved) -> str:
    return (
        f"{moved}. Seed it there (`manage.py seed_catalog --settings=<the settings of that host>`), "
        "or move it here first (`manage.py strangler toggle catalog`)."
    )
