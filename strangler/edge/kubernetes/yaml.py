"""YAML as a person would write it, with comments, and the same for the same values (YAML 1.2.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# What every reader takes for text; the words of YAML 1.1 are quoted, and all that looks like a number.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class Manifest(NamedTuple):
    """A Kubernetes object, and what a reader should know of it."""

    body: Mapping[str, Any]
    notes: Sequence[str] = ()


def dump(manifests: Iterable[Manifest], head: Sequence[str] = ()) -> str:
    """Return *manifests* as a stream of documents; *head* and notes become comments."""
    documents = ["\n".join([*_comments(one.notes), *_mapping(one.body, "")]) for one in manifests]
    return "\n---\n".join(["\n".join(_comments(head)), *documents] if head else documents) + "\n"


def _comments(notes: Iterable[str]) -> Iterator[str]:
    return (f"# {note}".rstrip() for note in notes)


def _mapping(values: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in values.items():
        yield from _entry(f"{indent}{_scalar(key)}:", value, indent + "  ")


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list | tuple) and value:
        yield head
        for item in value:
            yield from _item(item, indent[:-2])
    else:
        yield f"{head} {_scalar(value)}"


def _item(item: Any, indent: str) -> Iterator[str]:
    """A list stands as far left as its key, as kubectl writes it."""
    if isinstance(item, Mapping) and item:
        first, *rest = _mapping(item, indent + "  ")
        yield f"{indent}- {first[len(indent) + 2 :]}"
        yield from rest
    else:
        yield f"{indent}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)  # JSON is YAML (YAML 1.2.2, 1.2)
