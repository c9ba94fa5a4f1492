"""System checks: relations that cross a border, with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks

from strangler.boundaries.baseline import read_baseline
from strangler.boundaries.references import key_type
from strangler.boundaries.relations import Kind, Relation, relations
from strangler.boundaries.territory import territory
from strangler.conf import get_conf
from strangler.errors import SetupError

_IDS: dict[Kind, str] = {
    "ForeignKey": "strangler.E101",
    "OneToOneField": "strangler.E102",
    "ManyToManyField": "strangler.E103",
    "GenericForeignKey": "strangler.E104",
    "inheritance": "strangler.E105",
    "table": "strangler.E106",
}
_ADVICE: dict[Kind, str] = {
    "ForeignKey": "Keep the id: {reference}, and ask the contract of {other} for more.",
    "OneToOneField": "Keep the id: {reference} with unique=True, and ask the contract of {other} for more.",
    "ManyToManyField": "Keep the ids in a table of your own, with {reference}.",
    "GenericForeignKey": "Keep a name and an id of your own choice: content types differ from database to database.",
    "inheritance": "Own a model of your own that keeps the id: {reference}.",
    "table": "Ask the contract of {other}; the table is not yours to map.",
}


@checks.register("strangler")
def check_relations(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[checks.CheckMessage]:
    """Report every relation across a border that is not in the baseline; to models of nobody it is a warning."""
    try:
        labels = territory().labels
    except SetupError:
        return []  # told by strangler.E001
    try:
        known = read_baseline(get_conf().borders_baseline).known("relations")
    except SetupError as error:
        return [checks.Error(str(error), id="strangler.E108")]
    return [_message(relation) for relation in relations(labels.get) if relation.key not in known]


def _message(relation: Relation) -> checks.CheckMessage:
    sentence = f"{relation}" + (f" ({relation.place})." if relation.place else ".")
    if not relation.crosses:
        return checks.Warning(sentence, hint="Keep the id: `prepare` refuses to part them.", id="strangler.W101")
    advice = _ADVICE[relation.kind].format(reference=_reference(relation.target), other=relation.other)
    return checks.Error(sentence, hint=advice, id=_IDS[relation.kind])


def _reference(target: str) -> str:
    try:
        type_ = key_type(apps.get_model(target))
    except (LookupError, ValueError):  # any row, or a model that does not exist, which Django tells
        return f"Reference({target!r})"
    return f"Reference({target!r})" if type_ == "uuid" else f"Reference({target!r}, type={type_!r})"
