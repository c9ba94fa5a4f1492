"""Relations between models of different owners: keys, many-to-many, generic, inheritance, borrowed tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.apps import apps
from django.db.models import ManyToManyField, Model, OneToOneField

from strangler.boundaries.places import Place, place_of
from strangler.boundaries.territory import bare_name

Kind = Literal["ForeignKey", "OneToOneField", "ManyToManyField", "GenericForeignKey", "inheritance", "table"]
_WORDS: dict[Kind, str] = {
    "ForeignKey": "a foreign key",
    "OneToOneField": "a one-to-one key",
    "ManyToManyField": "a many-to-many relation",
    "GenericForeignKey": "a generic key",
    "inheritance": "inheritance",
    "table": "the use of its table",
}
Owner = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Relation:
    """
    A relation from a model to one of another owner.

    Attributes:
        source: `app.Model.field`, or `app.Model` where the whole model is the relation.
        target: `app.Model`; `*` for a generic key, which may point anywhere.
        owner: of the source.
        other: owner of the target; None: it belongs to nobody.
    """

    kind: Kind
    source: str
    target: str
    owner: str | None
    other: str | None
    place: Place | None

    @property
    def key(self) -> str:
        """What identifies it in a baseline: no line numbers, so that moving code is no news."""
        return f"{self.source} -> {self.target}"

    @property
    def crosses(self) -> bool:
        """Two owners are bound, or one owner to whatever a generic key points at."""
        return bool(self.owner and (self.other or self.kind == "GenericForeignKey"))

    def __str__(self) -> str:
        target = "any row" if self.target == "*" else f"{self.target} of {self.other or 'no capability'}"
        return f"{self.source} of {self.owner or 'no capability'} is bound to {target} by {_WORDS[self.kind]}"


def relations(owner_of: Owner) -> Iterator[Relation]:
    """
    Yield every relation between models of different owners, in the order of the registry.

    Args:
        owner_of: app label to owner; None: the app belongs to nobody. Relations among nobody's models are not told.
    """
    owned = {bare_name(m._meta.db_table): m for m in apps.get_models() if m._meta.managed and not m._meta.proxy}
    for model in apps.get_models():
        finder = _Finder(model, owner_of)
        yield from finder.fields()
        yield from finder.whole(owned.get(bare_name(model._meta.db_table)))


class _Finder:
    def __init__(self, model: type[Model], owner_of: Owner) -> None:
        self.model = model
        self.owner_of = owner_of
        self.owner = owner_of(model._meta.app_label)

    def fields(self) -> Iterator[Relation]:
        meta = self.model._meta
        for field in [*meta.local_fields, *meta.local_many_to_many, *meta.private_fields]:
            if _is_generic_key(field):
                yield from self.relation("GenericForeignKey", None, field.name)
            elif field.is_relation:
                yield from self.relation(_kind(field), field.related_model, field.name)
            if isinstance(field, ManyToManyField):
                yield from self.relation("ManyToManyField", field.remote_field.through, field.name)

    def whole(self, owner_of_table: type[Model] | None) -> Iterator[Relation]:
        """Yield what makes the whole model a part of another owner: a proxy, or the use of its table."""
        if self.model._meta.proxy:
            yield from self.relation("inheritance", self.model._meta.concrete_model, None)
        elif owner_of_table and owner_of_table is not self.model:
            yield from self.relation("table", owner_of_table, None)

    def relation(self, kind: Kind, target: Any, field: str | None) -> Iterator[Relation]:
        label = target if isinstance(target, str) else target._meta.label if target else "*"
        other = self.owner_of(label.partition(".")[0])
        if self.owner == other:
            return
        source = self.model._meta.label + (f".{field}" if field else "")
        place = place_of(self.model, None if kind == "inheritance" else field)
        yield Relation(kind, source, label, self.owner, other, place)


def _kind(field: Any) -> Kind:
    if getattr(field.remote_field, "parent_link", False):
        return "inheritance"
    if field.many_to_many:  # fields of other packages, such as tags, are one without being the class
        return "ManyToManyField"
    if isinstance(field, OneToOneField):
        return "OneToOneField"
    return "GenericForeignKey" if field.one_to_many else "ForeignKey"  # GenericRelation is the other end of one


def _is_generic_key(field: Any) -> bool:
    return hasattr(field, "ct_field") and hasattr(field, "fk_field")
