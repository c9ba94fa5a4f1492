"""`manage.py seed_shipping`: carriers, zones and prices, so that something can be sent."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from extracted.shipping.seed import settle
from strangler.fence import Moved


class Command(BaseCommand):
    """Tell; the work is in `extracted.shipping.seed`."""

    help = "Make the usual carriers, zones and rate rules; what is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = list(settle())
        except Moved as moved:
            raise CommandError(f"{moved} Run this in the home that owns shipping.") from moved
        self.stdout.write(f"{len(made)} made: {', '.join(made)}." if made else "Everything is there already.")
