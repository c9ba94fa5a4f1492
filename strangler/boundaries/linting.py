"""
The rule on imports as a contract type of import-linter, which enrols new apps through a wildcard.

    [tool.importlinter]
    root_packages = ["shop"]
    include_external_packages = true
    contract_types = ["borders: strangler.boundaries.linting.BordersContract"]

    [[tool.importlinter.contracts]]
    name = "Apps meet at their contracts"
    type = "borders"
    apps = ["shop.*"]
    kernel = ["shop.kernel"]
    hosts = ["shop.config"]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.contract import InvalidContractOptions
from importlinter.domain.helpers import module_expressions_to_modules

from strangler.boundaries.imports import Rule, bad_imports


class BordersContract(Contract):
    """
    Apps may import each other's `contract` and nothing deeper; contracts stand alone; nobody knows the hosts.

    Options: `apps`, `kernel` and `hosts`, each a list of module expressions. A package that is listed as kernel or
    host is no app, even where a wildcard of `apps` matches it.
    """

    type_name = "borders"

    apps = fields.SetField(subfield=fields.ModuleExpressionField())
    kernel = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)
    hosts = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def validate(self) -> None:
        """Refuse a session whose graph does not show what contracts import from outside."""
        if str(self.session_options.get("include_external_packages")).lower() != "true":
            raise InvalidContractOptions({"type": "needs include_external_packages = true in [tool.importlinter]"})

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Judge the graph."""
        kernel, hosts = _names(graph, self.kernel), _names(graph, self.hosts)
        rule = Rule(_names(graph, self.apps) - kernel - hosts, kernel, hosts)
        found = list(bad_imports(graph, rule))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each bad import with its line and what it breaks."""
        for bad in check.metadata["found"]:
            output.print_error(f"{bad.importer} imports {bad.imported} (l.{bad.line}): {bad.reason}.")
        output.new_line()


def _names(graph: ImportGraph, expressions: Any) -> frozenset[str]:
    wanted: Iterable[Any] = expressions or ()
    return frozenset(module.name for module in module_expressions_to_modules(graph, wanted))
