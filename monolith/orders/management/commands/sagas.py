"""`manage.py sagas`: the queue of sagas that wait for a person."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monolith.orders import selectors
from monolith.orders.contract import OrdersError, SagaState
from monolith.orders.models import Saga
from monolith.orders.representations import saga_json
from monolith.orders.services import sagas
from strangler.fence import Moved, owning

_ACTOR = "manage.py"


class Command(BaseCommand):
    """List, show, retry or compensate; the work is in `monolith.orders.services.sagas`."""

    help = "Show sagas that wait for a person, let one go on, or have it undone."

    def add_arguments(self, parser: CommandParser) -> None:
        """One verb each."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listed = verbs.add_parser("list", help="those that wait for a person")
        listed.add_argument("--json", action="store_true", help="for programs")
        for verb, does in (("show", "each step that it took"), ("retry", "let it go on"), ("compensate", "undo it")):
            named = verbs.add_parser(verb, help=does)
            named.add_argument("saga", type=UUID, help="id")
            if verb == "compensate":
                named.add_argument("--reason", default="", help="for the history")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and tell."""
        try:
            getattr(self, options["verb"])(options)
        except OrdersError as refusal:
            raise CommandError(str(refusal)) from refusal
        except Moved as moved:
            raise CommandError(f"{moved}. Run it there: `manage.py sagas --settings=<that host's>`.") from moved

    def list(self, options: dict[str, Any]) -> None:
        """Show who waits, the oldest first."""
        rows = Saga.objects.filter(state=SagaState.FAILED_NEEDS_OPERATOR).select_related("order")
        if options["json"]:
            self.stdout.write(json.dumps([saga_json(row) for row in rows.prefetch_related("log")]))
            return
        for row in rows:
            self.stdout.write(f"{row.id}  order {row.order}  at {row.step}  since {row.deadline_at:%F %T}: {row.error}")
        if not rows:
            self.stdout.write("Nothing waits for a person.")

    def show(self, options: dict[str, Any]) -> None:
        """Show one."""
        self.stdout.write(json.dumps(saga_json(selectors.saga(options["saga"])), indent=2))

    def retry(self, options: dict[str, Any]) -> None:
        """Let it go on."""
        with owning("orders"):
            sagas.saga_retry(saga_id=options["saga"], actor=_ACTOR)
        self.stdout.write("It goes on.")

    def compensate(self, options: dict[str, Any]) -> None:
        """Undo it."""
        with owning("orders"):
            sagas.saga_compensate(saga_id=options["saga"], actor=_ACTOR, reason=options["reason"])
        self.stdout.write("It is being undone.")
