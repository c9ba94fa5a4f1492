"""What Django's models say that no database knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.apps.registry import Apps
from django.db.models import Model

from strangler.conf import get_conf
from strangler.replication.fitness.catalog import ask
from strangler.state.connection import connection_of

_CONTENT_TYPE = "contenttypes.ContentType"


def unfit_models(capability: str, registry: Apps = apps) -> Iterator[str]:
    """Name models that are bound to rows which stay behind, or that `migrate` does not look after."""
    for model in registry.get_app_config(get_conf().capabilities[capability].app).get_models():
        yield from _content_types(model)
        yield from _foreign_parents(model)
        yield from _unmanaged(capability, model)


def _content_types(model: type[Model]) -> Iterator[str]:
    """Name fields that hold ids of content types, which each database counts for itself (R22)."""
    meta: Any = model._meta
    generic = {f.ct_field: f for f in meta.private_fields if hasattr(f, "ct_field") and hasattr(f, "fk_field")}
    for field in meta.local_fields:
        if field.is_relation and field.related_model and field.related_model._meta.label == _CONTENT_TYPE:
            via = f" (of {generic[field.name].name})" if field.name in generic else ""
            yield (
                f"{meta.label}.{field.name}{via} is the id of a content type, and every database numbers them for "
                "itself: store the model's label as text, such as 'catalog.product'."
            )


def _foreign_parents(model: type[Model]) -> Iterator[str]:
    """Name parents of multi-table inheritance in another app: half of each row would stay behind."""
    for parent in model._meta.parents:
        if parent._meta.app_label != model._meta.app_label and model._meta.managed and not model._meta.proxy:
            yield (
                f"{model._meta.label} inherits from {parent._meta.label} of another app, where half of each row "
                "would stay: hold its id instead."
            )


def _unmanaged(capability: str, model: type[Model]) -> Iterator[str]:
    """Name real tables behind unmanaged models: no list of the capability's tables has them."""
    table = model._meta.db_table
    if model._meta.managed or model._meta.proxy:
        return
    connection = connection_of(capability, "monolith")
    if connection.vendor == "postgresql":
        query = "SELECT 1 FROM pg_class WHERE oid = to_regclass(%s) AND relkind IN ('r', 'p')"
        found = ask(connection, query, [connection.ops.quote_name(table)])
    else:
        found = ask(connection, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", [table])
    if found:
        yield (
            f"{model._meta.label} is unmanaged, and its table {table} would stay behind: let `migrate` look after it "
            "(managed = True), or move the model out of the app."
        )
