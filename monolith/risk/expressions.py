"""
Conditions of rules: `amount >= 500000 and currency in ["USD", "EUR"]`.

A condition compares figures with constants and joins that by `and`, `or` and brackets; `not` stands before a figure
that is true or false. It is read by Python's own parser, checked against what is listed here, and never run as Python.
A figure that is not known is neither more nor less nor equal nor different: every comparison with it is false.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Figure = int | str | bool | None
Figures = Mapping[str, Figure]

EXPRESSION_MAX = 500
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda a, b: operator.contains(b, a),
    ast.NotIn: lambda a, b: not operator.contains(b, a),
}  # fmt: skip
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_AMONG = (ast.In, ast.NotIn)
_HOW = "write it like: orders_1h >= 3 and currency in ['USD', 'EUR']"


def expression_faults(text: str, kinds: Mapping[str, type]) -> list[str]:
    """
    Return what is wrong with a condition; nothing: it can be judged.

    Args:
        kinds: every figure there is, and whether it is an int, a str or a bool.
    """
    if len(text) > EXPRESSION_MAX:
        return [f"the condition has more than {EXPRESSION_MAX} characters"]
    try:
        tree = _read(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [f"the condition cannot be read: {_HOW}"]
    return list(_faults(tree, kinds))


def holds(text: str, figures: Figures) -> bool:
    """Judge a condition that has no faults."""
    return _holds(_read(text), figures)


def names_in(text: str) -> tuple[str, ...]:
    """Return the figures that a condition without faults looks at, in its order."""
    names = [node for node in ast.walk(_read(text)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(name.id for name in sorted(names, key=lambda one: (one.lineno, one.col_offset))))


@lru_cache(maxsize=512)
def _read(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def _faults(node: ast.expr, kinds: Mapping[str, type]) -> Iterator[str]:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _faults(value, kinds)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as name):
            yield from _faults(name, kinds)
        case ast.Name(id=name):
            if name not in kinds:
                yield _unknown(name, kinds)
            elif kinds[name] is not bool:
                yield f"{name} is neither true nor false: compare it with something"
        case ast.Compare(left=ast.Name(id=name), ops=[how], comparators=[constant]):
            yield from _comparison_faults(name, how, constant, kinds)
        case _:
            yield f"{ast.unparse(node)[:60]!r} is no condition: {_HOW}"


def _comparison_faults(name: str, how: ast.cmpop, node: ast.expr, kinds: Mapping[str, type]) -> Iterator[str]:
    if name not in kinds:
        yield _unknown(name, kinds)
        return
    kind = kinds[name]
    if kind is bool or type(how) not in _COMPARED:
        yield f"{name} is compared in a way that it cannot be: {_HOW}"
    elif isinstance(how, _ORDERED) and kind is not int:
        yield f"{name} is a word, and words are neither more nor less: use == or in"
    try:
        constant = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        constant = None
    wanted = constant if isinstance(how, _AMONG) and isinstance(constant, list) else [constant]
    if isinstance(how, _AMONG) != isinstance(constant, list) or not all(type(one) is kind for one in wanted):
        yield f"{name} can only be compared with {'whole numbers' if kind is int else 'words'} that stand there"


def _unknown(name: str, kinds: Mapping[str, type]) -> str:
    return f"there is no figure {name[:40]!r}; there are {', '.join(sorted(kinds))}"


def _holds(node: ast.expr, figures: Figures) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_holds(value, figures) for value in values)
        case ast.BoolOp(values=values):
            return any(_holds(value, figures) for value in values)
        case ast.UnaryOp(operand=ast.Name(id=name)):
            return figures[name] is False
        case ast.Name(id=name):
            return figures[name] is True
        case ast.Compare(left=ast.Name(id=name), ops=[how], comparators=[constant]):
            figure = figures[name]
            return figure is not None and _COMPARED[type(how)](figure, ast.literal_eval(constant))
    raise AssertionError(f"{ast.unparse(node)} was never checked")
