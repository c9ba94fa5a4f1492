"""
Whether the users of two versions of a contract understand each other while one replaces the other.

Servers ship before callers: a new server must take everything that an old caller sends, and an old caller must
understand everything that a new server answers. Publishers and subscribers ship in any order, and what was published
long ago may arrive now: events must be understood both ways. Unknown fields are refused in requests alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_BOUNDS = (
    ("minimum", 1), ("exclusiveMinimum", 1), ("minLength", 1), ("minItems", 1),
    ("maximum", -1), ("exclusiveMaximum", -1), ("maxLength", -1), ("maxItems", -1),
)  # fmt: skip
_RULES = ("pattern", "multipleOf")


@dataclass(frozen=True, slots=True)
class _Reading:
    """
    Who reads what the other version has written.

    Attributes:
        missing: what to say of a field that the reader requires and may not get.
        forbids_unknown: the reader refuses fields that it does not know.
        written_whole: each field that the writer knows is there; else only those that it requires are.
    """

    reader: str
    missing: str
    forbids_unknown: bool = False
    written_whole: bool = True


_REQUEST = _Reading(
    "new servers",
    "it is required, and old callers may not send it.",
    forbids_unknown=True,
    written_whole=False,
)
_REPLY = _Reading("old callers", "it is gone; old callers need it.")
_PUBLISHED = _Reading("older subscribers", "it is gone; older subscribers need it.")
# A field that is optional by now was no field at all once.
_KEPT = _Reading(
    "newer subscribers", "it is required, and events published before may not have it.", written_whole=False
)


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """
    Return every sentence that says how *new* breaks users of *old*; empty when it does not.

    Args:
        old: what `snapshot()` returned for the released contract.
        new: the same for the changed one.
    """
    return list(_incompatibilities(old, new))


def _incompatibilities(old: Schema, new: Schema) -> Iterator[str]:
    for name, before in old["operations"].items():
        after = new["operations"].get(name)
        if after is None:
            yield f"{name}: the operation is gone; old callers still call it."
        else:
            yield from _operation(name, before, after, old["types"], new["types"])
    for name, before in old.get("events", {}).items():
        after = new.get("events", {}).get(name)
        if after is None:
            yield f"{name}: the event is gone; subscribers wait for it, and copies of it may be under way."
        else:
            yield from _event(name, before, after, old["types"], new["types"])


def _operation(name: str, old: Schema, new: Schema, old_types: Schema, new_types: Schema) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"{name}: it was a {old['kind']} and is a {new['kind']}."
    if old["key"] != new["key"]:
        yield f"{name}: its key was {_words(old['key'])} and is {_words(new['key'])}; keys in use lose their meaning."
    if old["repeatable"] and not new["repeatable"]:
        yield f"{name}: it may no longer be repeated; old callers repeat it."
    for code in sorted(set(new["refusals"]) - set(old["refusals"])):
        yield f"{name}: it refuses with {code!r}, which old callers do not know."
    request = _Comparison(_REQUEST, reader=new_types, writer=old_types)
    yield from request.fields(name, _arguments(new), _arguments(old))
    reply = _Comparison(_REPLY, reader=old_types, writer=new_types)
    yield from reply.compare(f"{name} returns", old["returns"], new["returns"])


def _event(name: str, old: Schema, new: Schema, old_types: Schema, new_types: Schema) -> Iterator[str]:
    for what in ("aggregate", "key"):
        if old[what] != new[what]:
            yield f"{name}: its {what} was {old[what]!r} and is {new[what]!r}; the order of its events would be lost."
    published = _Comparison(_PUBLISHED, reader=old_types, writer=new_types)
    yield from published.compare(name, old["data"], new["data"])
    kept = _Comparison(_KEPT, reader=new_types, writer=old_types)
    yield from kept.compare(name, new["data"], old["data"])


def _arguments(operation: Schema) -> Schema:
    return {"properties": operation["arguments"], "required": operation["required"]}


class _Comparison:
    """
    One direction: whether a reader understands all that a writer may write.

    Attributes:
        reader_types: the reader's named types; so are *writer_types* the writer's.
    """

    def __init__(self, reading: _Reading, *, reader: Schema, writer: Schema) -> None:
        self.reading = reading
        self.reader_types = reader
        self.writer_types = writer

    def compare(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Yield what *reader* does not understand of *writer*."""
        reader, writer = _resolved(reader, self.reader_types), _resolved(writer, self.writer_types)
        if "anyOf" in writer:
            for choice in writer["anyOf"]:
                yield from self.compare(where, reader, choice)
        elif "anyOf" in reader:
            if not any(not list(self.compare(where, choice, writer)) for choice in reader["anyOf"]):
                choices = " | ".join(map(_name, _choices(reader, self)))
                yield f"{where}: {_name(writer)} where {self.reading.reader} understand {choices}."
        else:
            yield from self.alike(where, reader, writer)

    def alike(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Compare two schemas that are no unions."""
        kinds = (reader.get("type"), writer.get("type"))
        if kinds[0] != kinds[1] and kinds != ("number", "integer"):
            yield f"{where}: {_name(writer)} where {self.reading.reader} understand {_name(reader)}."
            return
        if "enum" in reader:
            for value in sorted(set(map(str, writer.get("enum", ["anything"]))) - set(map(str, reader["enum"]))):
                yield f"{where}: {self.reading.reader} do not understand the value {value!r}."
        if reader.get("format") not in (None, writer.get("format")):
            yield f"{where}: {_name(writer)} where {self.reading.reader} understand {_name(reader)}."
        yield from self.bounds(where, reader, writer)
        if reader.get("type") == "array":
            yield from self.compare(f"{where}[]", reader.get("items", {}), writer.get("items", {}))
        elif reader.get("type") == "object":
            yield from self.objects(where, reader, writer)

    def bounds(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Compare what limits a number, a text or a list."""
        for bound, sign in _BOUNDS:
            if bound in reader and (bound not in writer or sign * writer[bound] < sign * reader[bound]):
                yield (
                    f"{where}: {self.reading.reader} insist on {bound} {reader[bound]}, which is stricter than "
                    f"{writer.get(bound, 'none')}."
                )
        for rule in _RULES:
            if reader.get(rule) not in (None, writer.get(rule)):
                yield f"{where}: {self.reading.reader} insist on {rule} {reader[rule]}, not {writer.get(rule, 'none')}."

    def objects(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Compare two objects: records by field, mappings by value."""
        if "properties" in reader or "properties" in writer:
            yield from self.fields(where, reader, writer)
        else:
            yield from self.compare(
                f"{where}{{}}", reader.get("additionalProperties", {}), writer.get("additionalProperties", {})
            )

    def fields(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Compare two records."""
        known, written = reader.get("properties", {}), writer.get("properties", {})
        sent = set(written) if self.reading.written_whole else set(writer.get("required", ()))
        for name in reader.get("required", ()):
            if name not in sent:
                yield f"{where}.{name}: {self.reading.missing}"
        for name, schema in written.items():
            if name in known:
                yield from self.compare(f"{where}.{name}", known[name], schema)
            elif self.reading.forbids_unknown:
                yield f"{where}.{name}: it is gone; old callers still send it."


def _choices(schema: Schema, comparison: _Comparison) -> list[Schema]:
    return [_resolved(choice, comparison.reader_types) for choice in schema["anyOf"]]


def _resolved(schema: Schema, types: Schema) -> Schema:
    while "$ref" in schema:
        schema = types[schema["$ref"].rpartition("/")[2]]
    return schema


def _name(schema: Schema) -> str:
    title, kind, form = schema.get("title"), schema.get("type", "anything"), schema.get("format")
    return str(title or (f"{kind} ({form})" if form else kind))


def _words(names: Any) -> str:
    return ", ".join(names) or "none"
