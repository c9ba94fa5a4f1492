"""A contract is a package beside its app; what it declares is found by its type."""

from __future__ import annotations

from types import ModuleType

from strangler.contract import Events, Port
from strangler.contract.package import declared, package_of
from tests.events.press import contract


def test_contract_stands_beside_its_app() -> None:
    assert package_of("tests.events.press") is contract
    assert package_of("tests.sample") is None


def test_declarations_are_found_by_type_in_their_order() -> None:
    module = ModuleType("sample")
    module.second, module.first = Events("b"), Events("a")  # type: ignore[attr-defined]
    module.port = Port("a")  # type: ignore[attr-defined]
    assert [events.capability for events in declared(module, Events)] == ["b", "a"]


def test_declaration_with_two_names_is_one() -> None:
    module = ModuleType("sample")
    module.events = module.EVENTS = Events("a")  # type: ignore[attr-defined]
    assert len(declared(module, Events)) == 1


def test_no_contract_declares_nothing() -> None:
    assert declared(None, Events) == []


def test_contract_may_have_stayed_where_its_app_came_from() -> None:
    assert package_of("tests.sample", "tests.events.press.contract") is contract
    assert package_of("tests.events.press", "tests.sample.contract") is None
