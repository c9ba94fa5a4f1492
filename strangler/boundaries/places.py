"""Where in the source something was written, for messages that a person can click."""

from __future__ import annotations

import ast
import inspect
import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file; the path is relative to the working directory where it lies below it."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def shown(path: str) -> str:
    """Return *path* relative to the working directory where it lies below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def place_of(owner: type, attribute: str | None = None) -> Place | None:
    """
    Return where *attribute* is assigned in the body of *owner* or of the base that it comes from.

    Without such an assignment it is the line of the class; None when there is no source.
    """
    for klass in owner.__mro__:
        found = _lines(klass)
        if found and (attribute is None or attribute in found[1]):
            path, attributes = found
            return Place(shown(path), attributes[attribute or ""])
    return place_of(owner) if attribute else None


def _lines(klass: type) -> tuple[str, dict[str, int]] | None:
    try:
        path = inspect.getsourcefile(klass)
    except TypeError:
        return None
    if path is None or not Path(path).is_file():
        return None
    body = _classes(path).get(klass.__qualname__)
    return (path, body) if body else None


@lru_cache(maxsize=256)
def _classes(path: str) -> dict[str, dict[str, int]]:
    """Return attribute to line for each class of a file; the class itself stands under the empty name."""
    found: dict[str, dict[str, int]] = {}
    _collect(ast.parse(Path(path).read_bytes()), "", found)
    return found


def _collect(node: ast.AST, prefix: str, found: dict[str, dict[str, int]]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            found[prefix + child.name] = {"": child.lineno, **_assigned(child)}
            _collect(child, f"{prefix}{child.name}.", found)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            _collect(child, f"{prefix}{child.name}.<locals>.", found)
        elif not isinstance(child, ast.expr):
            _collect(child, prefix, found)


def _assigned(body: ast.ClassDef) -> dict[str, int]:
    lines: dict[str, int] = {}
    for statement in body.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        lines |= {target.id: statement.lineno for target in targets if isinstance(target, ast.Name)}
    return lines
