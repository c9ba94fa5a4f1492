"""A contract is read from its Protocol, and everything wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

import pytest

from strangler.contract import Contract, Moment, Port, bind_ports, command, query
from strangler.contract import port as port_module
from strangler.errors import ContractError, SetupError
from tests.unit.contract.sample import OutOfStock, Stock, stock


@dataclass
class Mutable:
    x: int


@dataclass(frozen=True, slots=True)
class Endless:
    inner: Endless | None


class Number(Enum):
    ONE = 1


class NoCode(ContractError):
    pass


class SameCode(ContractError):
    code = "out_of_stock"


def test_operations_are_read_from_the_signatures():
    contract = Contract("stock", Stock)
    hold = contract.operations["hold"]
    assert (hold.kind, hold.key, hold.optional, hold.timeout_s) == ("command", ("order_id",), {"hold_s"}, 2.0)
    assert set(hold.refusals) == {"out_of_stock", "unknown_sku", "command_in_progress", "command_key_reused"}
    levels = contract.operations["levels"]
    assert (levels.kind, levels.repeatable, levels.timeout_s, set(levels.refusals)) == (
        "query",
        True,
        0.5,
        {"unknown_sku"},
    )


class Faulty(Protocol):
    def bare(self) -> int: ...

    @query()
    def positional(self, a: int) -> int: ...

    @query()
    def untyped(self, *, a) -> int: ...

    @query()
    def aimless(self, *, a: int): ...

    @command(key=())
    def keyless(self, *, a: int) -> None: ...

    @command(key=("b",))
    def elsewhere(self, *, a: int, b: int = 1) -> None: ...

    @query(raises=(NoCode,))
    def codeless(self) -> None: ...

    @query(raises=(OutOfStock, SameCode))
    def ambiguous(self) -> None: ...

    @query()
    def types(
        self, *, a: list[int], b: dict[str, int], c: Any, d: datetime, e: Mutable, f: Number, g: Endless,
        h: Mapping[int, str], i: tuple[int, str], j: set[int],
    ) -> object: ...  # fmt: skip


def test_every_fault_is_named_at_once():
    with pytest.raises(SetupError) as error:
        Contract("faulty", Faulty)
    said = "\n".join(error.value.faults)
    for expected in (
        "Faulty.bare: say whether it is a query or a command",
        "Faulty.positional: a must be keyword-only",
        "Faulty.untyped: a has no type",
        "Faulty.aimless: the return type is missing",
        "Faulty.keyless: a command needs a key",
        "Faulty.elsewhere: the key names 'b', which is no required argument",
        "Faulty.codeless: NoCode has no code",
        "Faulty.ambiguous: OutOfStock and SameCode share the code 'out_of_stock'",
        "Faulty.types: a is list[int], which may not cross a border: use tuple[X, ...]",
        "Faulty.types: b is dict[str, int], which may not cross a border: use Mapping[str, X]",
        "Faulty.types: c is typing.Any",
        "Faulty.types: d is a datetime that may be naive: use strangler.contract.Moment",
        "e is Mutable: make it a frozen dataclass",
        "f is Number: make it an Enum of str",
        "Endless.inner is Endless inside of Endless, which has no end",
        "Faulty.types: h is",
        "Faulty.types: i is tuple[int, str]",
        "Faulty.types: j is set[int]",
        "Faulty.types: what it returns is <class 'object'>",
    ):
        assert expected in said, said


def test_a_protocol_without_operations_is_no_contract():
    class Empty(Protocol):
        pass

    with pytest.raises(SetupError, match="has no operation"):
        Contract("empty", Empty)


def test_an_implementation_that_differs_is_named():
    class Wrong:
        def levels(self, *, skus, more=1):
            """An argument too many."""

    said = Contract("stock", Stock).mismatches(Wrong())
    assert len(said) == 2
    assert any("Wrong.levels must take" in line for line in said)
    assert "Wrong.hold is missing." in said


def test_another_default_is_a_difference():
    class Patient:
        def levels(self, *, skus):
            """As it should be."""

        def hold(self, *, order_id, lines, hold_s=90):
            """Waits longer than the contract says."""

    assert len(Contract("stock", Stock).mismatches(Patient())) == 1


def test_a_port_without_a_protocol_says_how_to_write_it():
    with pytest.raises(SetupError, match=r"write Port\[X\]"):
        _ = Port("nothing").contract


def test_an_unbound_port_says_so(monkeypatch):
    monkeypatch.setattr(port_module, "_binder", None)
    with pytest.raises(SetupError, match="Nobody has bound"):
        Port[Stock]("stock")()


def test_a_port_is_bound_once(monkeypatch):
    monkeypatch.setattr(port_module, "_binder", None)
    made = []
    bind_ports(lambda contract: made.append(contract.name) or object())
    port = Port[Stock]("stock")
    assert port() is port()
    assert made == ["stock"]


def test_a_fake_takes_the_place_of_a_binding():
    fake = object()
    with stock.bound_to(fake):
        assert stock() is fake


def test_a_moment_is_a_type_of_its_own():
    assert Moment is not datetime
