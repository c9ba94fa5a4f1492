"""`manage.py reconcile_payments sandbox_a 2026-11-23`: compare our books of a day with a provider's."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from monolith.payments import providers
from monolith.payments.contract import PaymentsError
from monolith.payments.representations import reconciliation_json
from monolith.payments.services.reconciliations import reconciliation_create
from strangler.fence import Moved, owning


class Command(BaseCommand):
    """Compare, tell, and end with 1 when there is a difference, or when the provider does not answer."""

    help = "Compare our books of a day of UTC with each provider's, or with one; the result is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", nargs="?", help="all of them unless given")
        parser.add_argument("day", nargs="?", type=date.fromisoformat, help="YYYY-MM-DD, today unless given")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        day = options["day"] or timezone.now().date()
        names = [options["provider"]] if options["provider"] else providers.names()
        try:
            found = [self._compare(name, day) for name in names]
        except (PaymentsError, Moved) as refusal:
            raise CommandError(str(refusal)) from refusal
        if options["json"]:
            self.stdout.write(json.dumps({"reconciliations": found}))
        else:
            self.stdout.write("\n".join(line for one in found for line in _told(one)))
        if any(one["differences"] or one["error"] for one in found):
            sys.exit(1)

    def _compare(self, name: str, day: date) -> dict[str, Any]:
        with owning("payments"):
            row = reconciliation_create(provider=name, day=day)
        row.refresh_from_db()
        return reconciliation_json(row)


def _told(one: dict[str, Any]) -> list[str]:
    where = f"{one['provider']} on {one['date']}"
    if one["error"]:
        return [f"{where}: not compared: {one['error']}"]
    lines = [f"  {d['what']} {d['key']}: theirs {d['theirs']!r}, ours {d['ours']!r}" for d in one["differences"]]
    return [f"{where}: {one['compared']} operations, {len(lines)} differences", *lines]
