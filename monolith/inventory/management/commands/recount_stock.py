"""`manage.py recount_stock`: count the books again, in the database of this host."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from monolith.inventory.recount import Difference, recount

_SHOWN = 20


class Command(BaseCommand):
    """Count, tell, and end with 1 when the books disagree; the work is in `monolith.inventory.recount`."""

    help = "Compare stock with the sum of its movements and with active reservations; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: every difference")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = recount()
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}Has `manage.py migrate` been run here?") from error
        if options["json"]:
            self.stdout.write(json.dumps({"differences": [one._asdict() for one in found]}))
        else:
            self.stdout.write(_told(found))
        if found:
            sys.exit(1)


def _told(found: list[Difference]) -> str:
    if not found:
        return "The books are in order."
    lines = [
        f"{one.sku} in {one.warehouse}: {one.on_hand} on hand, movements say {one.moved_on_hand};"
        f" {one.reserved} reserved, movements say {one.moved_reserved}, active reservations hold {one.held}"
        for one in found[:_SHOWN]
    ]
    if len(found) > _SHOWN:
        lines.append(f"... and {len(found) - _SHOWN} more; --json shows all.")
    return "\n".join([f"{len(found)} differences:", *lines])
