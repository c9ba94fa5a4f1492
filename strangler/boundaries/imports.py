"""Imports that go deeper than a contract, judged on grimp's graph of a project."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grimp import ImportGraph

_TOOLKIT = "strangler"
_TOOLKIT_CONTRACT = frozenset({"strangler.contract", "strangler.errors"})
_CONTRACT_LINE = re.compile(r"\s*(?:from|import)\s+strangler\.(?:contract|errors)\b")


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Who is who among the packages of a project. Whatever lies in none of them is nobody's.

    Attributes:
        apps: bounded apps; others may import `<app>.contract` and nothing deeper. An app whose contract stands in
            another package, because the app has left the monolith, is as foreign to that package as anybody.
        kernel: may be imported by all, imports no app.
        hosts: put apps together (settings, urls, tests); may import anything, no app may import them. An app may lie
            within a host's package, and is none of it.
    """

    apps: frozenset[str]
    kernel: frozenset[str]
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class BadImport:
    """One import that breaks the rule; *reason* completes the sentence "it does, but ..."."""

    importer: str
    imported: str
    line: int
    reason: str

    @property
    def key(self) -> str:
        """What identifies it in a baseline: no line numbers, so that moving code is no news."""
        return f"{self.importer} -> {self.imported}"


def bad_imports(graph: ImportGraph, rule: Rule) -> Iterator[BadImport]:
    """
    Yield every import that breaks *rule*, in the order of the modules' names.

    Direct imports are enough: whoever could stand between two apps may not import them either.

    Args:
        graph: of all first-party packages, external packages included.
    """
    judge = _Judge(graph, rule)
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            if reason := judge.reason(importer, imported):
                lines = [d["line_number"] for d in graph.get_import_details(importer=importer, imported=imported)]
                yield BadImport(importer, imported, min(lines, default=1), reason)


class _Judge:
    def __init__(self, graph: ImportGraph, rule: Rule) -> None:
        self.graph = graph
        self.rule = rule

    def reason(self, importer: str, imported: str) -> str | None:
        """Return why *importer* may not import *imported*, or None when it may."""
        own, other = home_of(importer, self.rule.apps), home_of(imported, self.rule.apps)
        if other and other != own and not self._is_host(importer):
            return self._reason_across(importer, imported, own, other)
        if own and _within(importer, f"{own}.contract"):
            return self._reason_of_contract(importer, imported, own)
        if own or home_of(importer, self.rule.kernel):
            return self._reason_outside(imported, own)
        return None

    def _is_host(self, module: str) -> bool:
        host = home_of(module, self.rule.hosts)
        return host is not None and len(host) > len(home_of(module, self.rule.apps) or "")

    def _reason_across(self, importer: str, imported: str, own: str | None, other: str) -> str | None:
        if home_of(importer, self.rule.kernel):
            return "the kernel knows no app"
        if own and _within(importer, f"{own}.contract"):
            return "a contract stands alone: name the other's rows by their ids"
        return None if _within(imported, f"{other}.contract") else f"others may import {other}.contract only"

    def _reason_of_contract(self, importer: str, imported: str, own: str) -> str | None:
        if _within(imported, f"{own}.contract") or home_of(imported, self.rule.kernel):
            return None
        if imported.partition(".")[0] in sys.stdlib_module_names or self._is_toolkit_contract(importer, imported):
            return None
        return "a contract imports the standard library, strangler.contract and the kernel only"

    def _is_toolkit_contract(self, importer: str, imported: str) -> bool:
        if imported != _TOOLKIT:
            return home_of(imported, _TOOLKIT_CONTRACT) is not None
        # grimp squashes external packages, so that only the line tells which part of the toolkit is meant
        details = self.graph.get_import_details(importer=importer, imported=imported)
        return all(_CONTRACT_LINE.match(d["line_contents"]) for d in details)

    def _reason_outside(self, imported: str, own: str | None) -> str | None:
        if self._is_host(imported):
            return "apps do not know where they run"
        known = self.rule.kernel | {_TOOLKIT} | ({own} if own else set())
        if self.graph.is_module_squashed(imported) or home_of(imported, known):
            return None
        return "no service takes it along: make it part of the app, or name it in the kernel"


def home_of(module: str, packages: Iterable[str]) -> str | None:
    """Return the innermost of *packages* that *module* lies in."""
    return max((p for p in packages if _within(module, p)), key=len, default=None)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
