"""Commands that add the books up again."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

_SHOWN = 20


class Difference(Protocol):
    """A place where the books disagree: a named tuple whose text tells a person."""

    def _asdict(self) -> dict[str, Any]: ...


class AuditCommand(BaseCommand):
    """
    Add up in the database of this host, tell, and end with 1 when the books disagree; nothing is changed.

    A subclass has `help` and says with `differences` where the books disagree.
    """

    def differences(self) -> Sequence[Difference]:
        """Return every place where the books disagree; empty when they are in order."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        """Let programs have every difference."""
        parser.add_argument("--json", action="store_true", help="for programs: every difference")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add up, and tell."""
        try:
            found = self.differences()
        except DatabaseError as error:
            raise CommandError(f"The database refused: {error}Has `manage.py migrate` been run here?") from error
        if options["json"]:
            self.stdout.write(json.dumps({"differences": [one._asdict() for one in found]}))
        else:
            self.stdout.write(_told(found))
        if found:
            sys.exit(1)


def _told(found: Sequence[Difference]) -> str:
    if not found:
        return "The books are in order."
    lines = [str(one) for one in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"... and {len(found) - _SHOWN} more; --json shows all.")
    return "\n".join([f"{len(found)} differences:", *lines])
