"""Whose is what: packages, app labels and tables of capabilities, from the settings and the app registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.core.signals import setting_changed
from django.db.models import Model

from strangler.conf import get_conf


@dataclass(frozen=True, slots=True)
class Territory:
    """
    What belongs to each capability whose app is installed here; everything else is free.

    Attributes:
        packages: Python package of the app to capability.
        labels: app label to capability.
        tables: bare name of a table in lower case to capability; tables of many-to-many relations included.
    """

    packages: Mapping[str, str]
    labels: Mapping[str, str]
    tables: Mapping[str, str]


@lru_cache(maxsize=1)
def territory() -> Territory:
    """
    Return who owns what in this host.

    Raises:
        SetupError: with every fault of `settings.STRANGLER`.
    """
    labels = {c.app: name for name, c in get_conf().capabilities.items() if c.app in apps.app_configs}
    return Territory(
        packages={apps.get_app_config(label).name: name for label, name in labels.items()},
        labels=labels,
        tables=_tables(labels),
    )


def bare_name(table: str) -> str:
    """Return a table's name without schema and quotes, in lower case."""
    return table.rpartition(".")[2].strip('"`[]').lower()


def _tables(labels: Mapping[str, str]) -> dict[str, str]:
    models = [m for m in apps.get_models(include_auto_created=True) if not m._meta.proxy]
    unmanaged_first = sorted(models, key=lambda m: m._meta.managed)  # whoever creates a table owns it
    return {bare_name(m._meta.db_table): owner for m in unmanaged_first if (owner := _owner(m, labels))}


def _owner(model: type[Model], labels: Mapping[str, str]) -> str | None:
    return labels.get(model._meta.app_label)


def _forget(*, setting: str, **_: Any) -> None:
    if setting in {"STRANGLER", "INSTALLED_APPS"}:
        territory.cache_clear()


setting_changed.connect(_forget)
