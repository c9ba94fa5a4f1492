"""Schema drift is stopped at migrate time (R17): one home alone is not migrated while rows flow to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management import CommandError
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations import Migration

from strangler.conf import get_conf

_SETTLED = {"monolith", "complete"}


def before_migrate(using: str = DEFAULT_DB_ALIAS, plan: Sequence[tuple[Migration, bool]] = (), **_: Any) -> None:
    """
    Refuse a plan that would change a capability's tables in one home while its rows flow to the other.

    Raises:
        CommandError: it would; nothing has been applied yet.
    """
    conf = get_conf()
    for capability, home in conf.homes_at(using):
        label = conf.capabilities[capability].app
        concerned = [migration.name for migration, _ in plan if migration.app_label == label]
        if concerned and _is_moving(using, capability):
            raise CommandError(
                f"Rows of {capability} flow between its homes, and {', '.join(concerned)} would change the tables of "
                f"the {home} alone. `strangler migrate {capability}` applies to both, in the right order, what can be "
                "applied now. Other apps are migrated by their names meanwhile."
            )


def _is_moving(using: str, capability: str) -> bool:
    """
    Whether rows of the capability flow, by the control database.

    Its tables may be older than this code, which `migrate` is about to change, so no model is asked.
    """
    control = get_conf().control_database
    try:
        present = set(connections[control].introspection.table_names())
        return bool("strangler_capability" in present and _flows(control, capability, present))
    except DatabaseError as error:
        if "strangler_ownership" not in connections[using].introspection.table_names():
            return False  # a new home: nothing has ever flowed to it
        raise CommandError(
            f"Whether rows of {capability} flow is known to the control database {control!r}, which does not answer: "
            f"start it, then repeat. ({str(error).strip()})"
        ) from error


def _flows(control: str, capability: str, present: set[str]) -> bool:
    with connections[control].cursor() as cursor:
        cursor.execute("SELECT stage FROM strangler_capability WHERE name = %s", [capability])
        row = cursor.fetchone()
        if row and row[0] not in _SETTLED:
            return True
        if "strangler_stream" not in present:
            return False
        cursor.execute("SELECT 1 FROM strangler_stream WHERE capability = %s", [capability])
        return cursor.fetchone() is not None
