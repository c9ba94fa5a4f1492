"""What holds between tables: as the borders' own walk over `_meta` tells it, so that both always agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strangler.boundaries.relations import Kind, Relation, relations
from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.territory import Territory

_KINDS: dict[Kind, str] = {
    "ForeignKey": "foreign-key",
    "OneToOneField": "foreign-key",
    "ManyToManyField": "many-to-many",
    "GenericForeignKey": "generic",
    "inheritance": "inheritance",
    "table": "shared-table",
}
_WORDS: dict[Kind, str] = {
    "GenericForeignKey": "is a generic relation to",
    "inheritance": "shares its rows with",
    "table": "keeps its rows in the table of",
}


def relation_bonds(territory: Territory) -> Iterator[Bond]:
    """Yield every relation of a bounded app to another one, and those to and from third-party apps."""
    for relation in relations(lambda label: label if label in territory.labels else None):
        yield _bond(territory, relation)


def _bond(territory: Territory, relation: Relation) -> Bond:
    source, _, name = relation.source.partition(".")
    target = relation.target.partition(".")[0]
    ours = {source, target} <= territory.labels or relation.kind == "GenericForeignKey"
    words = _WORDS.get(relation.kind, f"is a {relation.kind} to")
    what = f"{name} {words} {'any row' if target == '*' else relation.target}"
    file, line = (
        (territory.shown(Path(relation.place.path).resolve()), relation.place.line) if relation.place else ("", 0)
    )
    return bond(source, target, _KINDS[relation.kind] if ours else "background", what, file, line)
