"""What holds between tables: read from `_meta`, so that strings, swapped models and inherited fields are resolved."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField, Model

from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.territory import Territory


def relation_bonds(territory: Territory) -> Iterator[Bond]:
    """Yield every relation that leaves a bounded app, to another one or to a third-party app."""
    owners: dict[str, type[Model]] = {}
    for model in apps.get_models(include_auto_created=True):
        yield from _shared_table(territory, owners.setdefault(model._meta.db_table, model), model)
        if model._meta.app_label in territory.labels and not model._meta.auto_created:
            yield from _bonds_of(territory, model)


def _bonds_of(territory: Territory, model: type[Model]) -> Iterator[Bond]:
    options = model._meta
    if options.proxy and options.proxy_for_model:
        yield from _crossing(territory, model, "", "inheritance", options.proxy_for_model, "is a proxy of")
    for field in (*options.local_fields, *options.local_many_to_many, *options.private_fields):
        for kind, other, words in _ends(field):
            if isinstance(other, str):
                continue  # it names a model that is not installed: `manage.py check` says so
            yield from _crossing(territory, model, field.name, kind, other, words)


def _ends(field: Any) -> Iterator[tuple[str, Any, str]]:
    """Yield the kind, the model at the other end, and what to call it."""
    # By their attributes: their module cannot be imported where content types are not installed.
    if hasattr(field, "ct_field"):
        content_type = field.model._meta.get_field(field.ct_field).related_model
        yield "generic", content_type, "may point at any table, by"
    elif hasattr(field, "content_type_field_name"):
        yield "generic", field.related_model, "GenericRelation to"
    elif isinstance(field, ManyToManyField):
        yield "many-to-many", field.related_model, "ManyToManyField to"
        through: Any = field.remote_field.through
        if not through._meta.auto_created:
            yield "many-to-many", through, "ManyToManyField through"
    elif isinstance(field, ForeignKey):
        parent = field.remote_field.parent_link
        yield "inheritance" if parent else "foreign-key", field.related_model, _words(field, parent)


def _words(field: Any, parent: bool) -> str:
    if parent:
        return "shares its rows with its parent"
    kind = type(field).__name__
    return f"{kind} to" if field.db_constraint else f"{kind} (without a constraint) to"


def _crossing(
    territory: Territory, model: type[Model], field: str, kind: str, other: type[Model], words: str
) -> Iterator[Bond]:
    source, target = model._meta.app_label, other._meta.app_label
    if source == target:
        return
    file, line = place_of(model, field)
    name = f"{model.__name__}.{field}" if field else model.__name__
    what = f"{name}: {words} {other._meta.label}"
    background = target not in territory.labels and kind != "generic"
    yield bond(source, target, "background" if background else kind, what, territory.shown(file), line)


def _shared_table(territory: Territory, first: type[Model], model: type[Model]) -> Iterator[Bond]:
    both = {first._meta.app_label, model._meta.app_label}
    if len(both) == 2 and both <= territory.labels and not model._meta.proxy:
        file, line = place_of(model, "")
        what = f"{model.__name__} keeps its rows in {model._meta.db_table}, as {first._meta.label} does"
        source, target = model._meta.app_label, first._meta.app_label
        yield bond(source, target, "shared-table", what, territory.shown(file), line)


def place_of(model: type[Model], field: str) -> tuple[str, int]:
    """
    Return the file and the line that declare a field, also when a parent class does; else those of the class.

    A model that no file declares is placed at line 1 of its module.
    """
    for parent in model.__mro__:
        file, classes = _declarations(parent.__module__)
        if line := classes.get(parent.__qualname__, {}).get(field):
            return file, line
    file, classes = _declarations(model.__module__)
    return file, classes.get(model.__qualname__, {}).get("", 1)


@cache
def _declarations(module: str) -> tuple[str, dict[str, dict[str, int]]]:
    """Return a module's file and, for each class in it, the lines of its attributes; "" is the class itself."""
    try:
        file = inspect.getsourcefile(sys.modules[module]) or ""
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (KeyError, OSError, TypeError, SyntaxError, UnicodeDecodeError):
        return "", {}
    found: dict[str, dict[str, int]] = {}
    _collect(tree, "", found)
    return file, found


def _collect(node: ast.AST, outer: str, found: dict[str, dict[str, int]]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            name = f"{outer}{child.name}"
            found[name] = {"": child.lineno, **_attributes(child)}
            _collect(child, f"{name}.", found)
        elif isinstance(child, (ast.If, ast.Try, ast.With)):
            _collect(child, outer, found)


def _attributes(node: ast.ClassDef | ast.If) -> dict[str, int]:
    found = {}
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        found.update({target.id: statement.lineno for target in targets if isinstance(target, ast.Name)})
        if isinstance(statement, ast.If):
            found.update(_attributes(statement))
    return found
