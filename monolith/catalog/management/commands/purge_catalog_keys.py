"""`manage.py purge_catalog_keys`: forget idempotency keys that have expired; run it daily."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monolith.catalog.models import CatalogIdempotency
from strangler.fence import Moved, owning


class Command(BaseCommand):
    """The owner purges; whoever is not has nothing to do."""

    help = "Forget the catalog's idempotency keys that have expired."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with owning("catalog"):
                forgotten = CatalogIdempotency.purge()
        except Moved as moved:
            raise CommandError(f"{moved}: run this there.") from moved
        self.stdout.write(f"{forgotten} keys forgotten.")
