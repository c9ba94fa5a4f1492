"""Which tables a fence guards, and what `migrate` leaves in each home."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from strangler.conf import MONOLITH_HOST, get_conf
from strangler.fence.postgresql import PostgreSQLFence
from strangler.fence.sqlite import SQLiteFence
from strangler.models import Ownership
from strangler.state.declared import begins_here, declare_complete
from strangler.state.identity import renew_identity

Fence = PostgreSQLFence | SQLiteFence


def fence_of(connection: BaseDatabaseWrapper) -> Fence:
    """Return the fence that the database of *connection* understands."""
    return PostgreSQLFence(connection) if connection.vendor == "postgresql" else SQLiteFence(connection)


def tables_of(capability: str, registry: Apps = apps) -> list[str]:
    """Return the capability's tables, tables of many-to-many relations included, parents before children."""
    label = get_conf().capabilities[capability].app
    models = [
        m
        for m in registry.get_app_config(label).get_models(include_auto_created=True)
        if m._meta.managed and not m._meta.proxy
    ]
    ordered: list[str] = []
    waiting = {m._meta.db_table: {_target(f) for f in m._meta.get_fields() if _is_parent(f)} for m in models}
    while waiting:
        free = [t for t, parents in waiting.items() if not (parents - {t}) & waiting.keys()]
        for table in free or list(waiting):  # a cycle of tables: any order, their constraints are deferred
            ordered.append(table)
            del waiting[table]
    return ordered


def _is_parent(field: Any) -> bool:
    return bool(field.concrete and field.is_relation and not field.many_to_many and field.related_model)


def _target(field: Any) -> str:
    table: str = field.related_model._meta.db_table
    return table


def after_migrate(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """
    Give a migrated home its ownership rows, and fence tables that came or stand where another home owns.

    The rows say which database they were written in (R18).

    A new service starts fenced: the monolith owns every capability until it is moved. One that is declared complete
    owns its rows as soon as the control database says that it is complete and has never moved; while that is not
    known, it stays fenced, and the next `migrate` asks again.
    """
    conf = get_conf()
    if using == conf.control_database and conf.host == MONOLITH_HOST:
        declare_complete()
    for capability, home in conf.homes_at(using):
        with transaction.atomic(using=using):
            row = Ownership.objects.using(using).get_or_create(
                capability=capability,
                defaults={"owner": "monolith", "epoch": 1, "owned_epoch": int(home == "monolith")},
            )[0]
            if not row.system:
                renew_identity(connections[using], capability)
            if conf.capabilities[capability].complete and begins_here(capability):
                _open_first(using, row)
            if row.owner != home:
                fence_of(connections[using]).enable(capability, _present_tables(using, capability))


def _open_first(using: str, row: Ownership) -> None:
    """Let a service own from the start what was never anywhere else; a row that anybody has set stays as it is."""
    untouched = {"owner": "monolith", "epoch": 1, "attempt": "", "owned_epoch": 0}
    rows = Ownership.objects.using(using).filter(capability=row.capability, **untouched)
    if rows.update(owner="service", owned_epoch=1):
        fence_of(connections[using]).disable(_present_tables(using, row.capability))
        row.refresh_from_db()


def _present_tables(using: str, capability: str) -> list[str]:
    present = set(connections[using].introspection.table_names())
    return [table for table in tables_of(capability) if table in present]
