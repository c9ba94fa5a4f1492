"""`manage.py pricelist`: carriers, zones and prices as one document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from extracted.shipping import pricelist
from strangler.fence import Moved


class Command(BaseCommand):
    """Show it, or put another one in force; the work is in `extracted.shipping.pricelist`."""

    help = "Show carriers, zones and prices as JSON, or let a file say what they are from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("show", help="what is in force, as JSON")
        load = verbs.add_parser("load", help="put a document in force, as a whole")
        load.add_argument("file", type=Path, help="as `show` writes it")
        load.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        load.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and tell."""
        if options["verb"] == "show":
            self.stdout.write(pricelist.encoded(pricelist.in_force()))
            return
        try:
            self._load(options)
        except pricelist.Invalid as error:
            raise CommandError(f"{options['file']}: {error} Nothing was changed.") from error
        except Moved as moved:
            raise CommandError(f"{moved} Run this in the home that owns shipping.") from moved

    def _load(self, options: dict[str, Any]) -> None:
        try:
            wanted = pricelist.decoded(options["file"].read_bytes())
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        changes = pricelist.differences(pricelist.in_force(), wanted)
        if not changes:
            self.stdout.write("That is in force already.")
            return
        self.stdout.write("\n".join(changes))
        if options["dry_run"]:
            self.stdout.write(f"{len(changes)} would change.")
            return
        if not options["yes"] and not self._confirmed():
            raise CommandError("Nothing was changed.")
        self.stdout.write(f"{len(pricelist.put_in_force(wanted))} changed.")

    def _confirmed(self) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("Nothing was changed: say --yes where nobody can be asked.")
        return input("Put this in force? [y/N] ").strip().lower() in {"y", "yes"}
