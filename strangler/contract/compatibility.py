"""
Whether callers and servers of two versions of a contract understand each other while one replaces the other.

Servers ship before callers: a new server must take everything that an old caller sends, and an old caller must
understand everything that a new server answers. Unknown fields are refused in requests and ignored in replies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_BOUNDS = (
    ("minimum", 1), ("exclusiveMinimum", 1), ("minLength", 1), ("minItems", 1),
    ("maximum", -1), ("exclusiveMaximum", -1), ("maxLength", -1), ("maxItems", -1),
)  # fmt: skip


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


def _operation(name: str, old: Schema, new: Schema, old_types: Schema, new_types: Schema) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"{name}: it was a {old['kind']} and is a {new['kind']}."
    if old["key"] != new["key"]:
        yield f"{name}: its key was {_words(old['key'])} and is {_words(new['key'])}; keys in use lose their meaning."
    if old["repeatable"] and not new["repeatable"]:
        yield f"{name}: it may no longer be repeated; old callers repeat it."
    for code in sorted(set(new["refusals"]) - set(old["refusals"])):
        yield f"{name}: it refuses with {code!r}, which old callers do not know."
    request = _Comparison(reader=new_types, writer=old_types, forbids_unknown=True)
    yield from request.fields(name, _arguments(new), _arguments(old))
    reply = _Comparison(reader=old_types, writer=new_types, forbids_unknown=False)
    yield from reply.compare(f"{name} returns", old["returns"], new["returns"])


def _arguments(operation: Schema) -> Schema:
    return {"properties": operation["arguments"], "required": operation["required"]}


class _Comparison:
    """
    One direction: whether a reader understands all that a writer may write.

    Attributes:
        reader: the reader's named types; so is *writer* the writer's.
        forbids_unknown: the reader refuses fields that it does not know.
    """

    def __init__(self, *, reader: Schema, writer: Schema, forbids_unknown: bool) -> None:
        self.reader_types = reader
        self.writer_types = writer
        self.forbids_unknown = forbids_unknown
        self.missing = (
            "it is required, and old callers may not send it."
            if forbids_unknown
            else "it is gone; old callers need it."
        )

    def compare(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Yield what *reader* does not understand of *writer*."""
        reader, writer = _resolved(reader, self.reader_types), _resolved(writer, self.writer_types)
        if "anyOf" in writer:
            for choice in writer["anyOf"]:
                yield from self.compare(where, reader, choice)
        elif "anyOf" in reader:
            if not any(not list(self.compare(where, choice, writer)) for choice in reader["anyOf"]):
                yield f"{where}: {_name(writer)} is not among {' | '.join(map(_name, _choices(reader, self)))}."
        else:
            yield from self.alike(where, reader, writer)

    def alike(self, where: str, reader: Schema, writer: Schema) -> Iterator[str]:
        """Compare two schemas that are no unions."""
        kinds = (reader.get("type"), writer.get("type"))
        if kinds[0] != kinds[1] and kinds != ("number", "integer"):
            yield f"{where}: {_name(writer)} where {_name(reader)} is understood."
            return
        if "enum" in reader:
            for value in sorted(set(map(str, writer.get("enum", ["anything"]))) - set(map(str, reader["enum"]))):
                yield f"{where}: the value {value!r} is not understood."
        if reader.get("format") not in (None, writer.get("format")):
            yield f"{where}: {_name(writer)} where {_name(reader)} is understood."
        yield from _bounds(where, reader, writer)
        if reader.get("type") == "array":
            yield from self.compare(f"{where}[]", reader.get("items", {}), writer.get("items", {}))
        elif reader.get("type") == "object":
            yield from self.objects(where, reader, writer)

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
        # A reply is encoded with all of its fields; a request leaves out what was not given.
        sent = set(writer.get("required", ())) if self.forbids_unknown else set(written)
        for name in reader.get("required", ()):
            if name not in sent:
                yield f"{where}.{name}: {self.missing}"
        for name, schema in written.items():
            if name in known:
                yield from self.compare(f"{where}.{name}", known[name], schema)
            elif self.forbids_unknown:
                yield f"{where}.{name}: it is gone; old callers still send it."


def _choices(schema: Schema, comparison: _Comparison) -> list[Schema]:
    return [_resolved(choice, comparison.reader_types) for choice in schema["anyOf"]]


def _resolved(schema: Schema, types: Schema) -> Schema:
    while "$ref" in schema:
        schema = types[schema["$ref"].rpartition("/")[2]]
    return schema


def _bounds(where: str, reader: Schema, writer: Schema) -> Iterator[str]:
    for bound, sign in _BOUNDS:
        if bound in reader and (bound not in writer or sign * writer[bound] < sign * reader[bound]):
            yield f"{where}: {bound} {reader[bound]} is stricter than {writer.get(bound, 'none')}."


def _name(schema: Schema) -> str:
    title, kind, form = schema.get("title"), schema.get("type", "anything"), schema.get("format")
    return str(title or (f"{kind} ({form})" if form else kind))


def _words(names: Any) -> str:
    return ", ".join(names) or "none"
