"""What an app lacks before it can have a host of its own, and what still binds it to other apps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from django.apps import AppConfig
from django.db.models import Model
from django.urls import URLPattern

from strangler.bindings.records import CommandRecord
from strangler.boundaries.imports import bad_imports, home_of
from strangler.boundaries.project import place_of_module, project_graph, project_rule
from strangler.boundaries.relations import relations
from strangler.boundaries.territory import territory
from strangler.contract import Port
from strangler.errors import SetupError

_SCHEMA = "schema.json"


class Gap(NamedTuple):
    """Something that is missing; *advice* says what to do about it."""

    what: str
    advice: str


def gaps(config: AppConfig) -> Iterator[Gap]:
    """Yield what *config* lacks, in the order in which one makes it."""
    if not getattr(_module(config, "capability"), "ROUTES", ()):
        example = f'ROUTES = ({{"prefix": "/api/{config.label}/"}},)'
        yield Gap("capability.py with ROUTES", f"Say in plain data which paths are the app's: {example}.")
    if _module(config, "urls") is None:
        yield Gap("urls.py", "Give the views URLs of their own, below the first route.")
    if _takes_posts(config) and not _table_like(config, "principal", "route", "request_sha256"):
        yield Gap("a table of idempotency keys", "Derive it from strangler.hosting.rest.records.IdempotencyRecord.")
    yield from _gaps_of_contract(config)


def _takes_posts(config: AppConfig) -> bool:
    """Whether a view takes POST, as far as views are classes; what cannot be looked into may."""
    patterns = getattr(_module(config, "urls"), "urlpatterns", None)
    if not patterns or any(not isinstance(pattern, URLPattern) for pattern in patterns):
        return True
    classes = [getattr(one.callback, "cls", getattr(one.callback, "view_class", None)) for one in patterns]
    return any(view is None or hasattr(view, "post") for view in classes)


def _gaps_of_contract(config: AppConfig) -> Iterator[Gap]:
    contract = _module(config, "contract")
    ports = [value for value in vars(contract).values() if isinstance(value, Port)] if contract else []
    port = next((port for port in ports if port.name == config.label), None)
    if contract is None or port is None:
        protocol = f'{config.label} = Port[...]("{config.label}")'
        yield Gap("contract/ with a port", f"Publish what other apps may call, and nothing deeper: {protocol}.")
        return
    if getattr(_module(config, "local"), "implementation", None) is None:
        yield Gap("local.py with `implementation`", "Implement the contract by calling services and selectors.")
    commands = [operation for operation in port.contract.operations.values() if operation.kind == "command"]
    if commands and not any(issubclass(model, CommandRecord) for model in config.get_models()):
        yield Gap("a table of remembered commands", "Derive it from strangler.bindings.records.CommandRecord.")
    if not (Path(contract.__file__ or "").parent / _SCHEMA).exists():
        yield Gap(f"contract/{_SCHEMA}", "Write it: manage.py strangler contracts --write")


def bonds(config: AppConfig, name: str) -> tuple[str, ...] | None:
    """
    Return what binds the app to others, each a sentence with its file and line; None: imports cannot be read here.

    Args:
        name: of the capability that the app is to be, whether the settings know it or not.
    """
    rule = project_rule()
    rule = replace(rule, apps=rule.apps | {config.name})
    owners = {**territory().labels, config.label: name}
    try:
        graph = project_graph(rule)
    except SetupError:
        return None
    imports = [
        f"{place_of_module(bad.importer, bad.line)}: {bad.importer} imports {bad.imported}: {bad.reason}."
        for bad in bad_imports(graph, rule)
        if {home_of(bad.importer, [config.name]), home_of(bad.imported, [config.name])} != {None}
    ]
    bound = [relation for relation in relations(owners.get) if name in (relation.owner, relation.other)]
    return (*imports, *(f"{relation.place}: {relation}." for relation in bound))


def _module(config: AppConfig, name: str) -> ModuleType | None:
    full = f"{config.name}.{name}"
    return import_module(full) if find_spec(full) else None


def _table_like(config: AppConfig, *columns: str) -> bool:
    """Whether the app has such a table, without importing the REST parts of the kit: not every project uses them."""

    def has_all(model: type[Model]) -> bool:
        return set(columns) <= {field.name for field in model._meta.get_fields()}

    return any(has_all(model) for model in config.get_models())
