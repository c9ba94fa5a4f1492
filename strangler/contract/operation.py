"""Operations: what a Protocol's methods promise on the wire, read from their signatures once, when they are needed."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from strangler.contract.errors import CommandInProgress, CommandKeyReused
from strangler.contract.types import faults
from strangler.errors import ContractError, SetupError

Kind = Literal["query", "command"]
F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = "_strangler_operation"


@dataclass(frozen=True, slots=True)
class _Options:
    kind: Kind
    timeout_s: float
    key: tuple[str, ...]
    repeatable: bool
    raises: tuple[type[ContractError], ...]


def query(*, timeout_s: float = 1.0, raises: tuple[type[ContractError], ...] = ()) -> Callable[[F], F]:
    """
    Declare a method of a contract that changes nothing; it follows the reads of its capability.

    Args:
        timeout_s: how long a caller waits, repeats included.
        raises: the refusals that cross the border; anything else that is raised is a bug of the callee.
    """
    return _declare(_Options("query", timeout_s, (), True, raises))


def command(
    *,
    key: tuple[str, ...],
    timeout_s: float = 2.0,
    repeatable: bool = True,
    raises: tuple[type[ContractError], ...] = (),
) -> Callable[[F], F]:
    """
    Declare a method of a contract that changes something; it follows the writes of its capability.

    Args:
        key: the arguments that identify the effect: a repeat with the same ones returns the first outcome (R13).
        timeout_s: how long a caller waits, repeats included.
        repeatable: whether the binding itself repeats it when its outcome is unknown.
        raises: the refusals that cross the border; anything else that is raised is a bug of the callee.
    """
    return _declare(_Options("command", timeout_s, key, repeatable, raises))


def _declare(options: _Options) -> Callable[[F], F]:
    def decorate(method: F) -> F:
        setattr(method, _OPTIONS, options)
        return method

    return decorate


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One operation of a contract.

    Attributes:
        arguments: name to type; all are keyword-only.
        optional: names of the arguments that have a default.
        returns: type of the outcome.
        refusals: code to error class.
    """

    name: str
    kind: Kind
    timeout_s: float
    key: tuple[str, ...]
    repeatable: bool
    arguments: Mapping[str, Any]
    optional: frozenset[str]
    returns: Any
    refusals: Mapping[str, type[ContractError]]
    signature: inspect.Signature


class Contract:
    """
    The operations of a Protocol.

    Raises:
        SetupError: with everything in it that cannot cross a border.
    """

    def __init__(self, name: str, protocol: type) -> None:
        self.name = name
        self.protocol = protocol
        reader = _Reader(protocol)
        self.operations: Mapping[str, Operation] = {operation.name: operation for operation in reader.operations()}
        if not self.operations and not reader.faults:
            reader.faults.append(f"{protocol.__name__} has no operation: decorate its methods with query or command.")
        if reader.faults:
            raise SetupError(reader.faults)

    def mismatches(self, implementation: object) -> list[str]:
        """Return how *implementation* differs from the contract, operation by operation; empty when it does not."""
        return [
            f"{type(implementation).__name__}.{name} {difference}."
            for name, operation in self.operations.items()
            if (difference := _difference(operation.signature, getattr(implementation, name, None)))
        ]


def _difference(wanted: inspect.Signature, method: Any) -> str:
    if not callable(method):
        return "is missing"
    found = {p.name: (p.kind, p.default) for p in inspect.signature(method).parameters.values()}
    expected = {p.name: (p.kind, p.default) for p in list(wanted.parameters.values())[1:]}
    return "" if found == expected else f"must take {wanted}, as the contract says"


class _Reader:
    """Reads a Protocol and collects faults instead of stopping at the first."""

    def __init__(self, protocol: type) -> None:
        self.protocol = protocol
        self.faults: list[str] = []

    def operations(self) -> Iterator[Operation]:
        for name, method in inspect.getmembers(self.protocol, inspect.isfunction):
            options: _Options | None = getattr(method, _OPTIONS, None)
            if options is not None:
                yield self.operation(name, method, options)
            elif not name.startswith("_"):
                self.faults.append(f"{self.protocol.__name__}.{name}: say whether it is a query or a command.")

    def operation(self, name: str, method: Callable[..., Any], options: _Options) -> Operation:
        where = f"{self.protocol.__name__}.{name}"
        signature = inspect.signature(method)
        hints = typing.get_type_hints(method, include_extras=True)
        parameters = list(signature.parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind is not parameter.KEYWORD_ONLY:
                self.faults.append(f"{where}: {parameter.name} must be keyword-only (put * before it).")
            if parameter.name not in hints:
                self.faults.append(f"{where}: {parameter.name} has no type.")
        if "return" not in hints:
            self.faults.append(f"{where}: the return type is missing.")
        for argument, kind in hints.items():
            what = f"{where}: what it returns" if argument == "return" else f"{where}: {argument}"
            self.faults.extend(faults(kind, what))
        self.check_key(where, options, {p.name for p in parameters if p.default is p.empty})
        return Operation(
            name=name,
            kind=options.kind,
            timeout_s=options.timeout_s,
            key=options.key,
            repeatable=options.repeatable,
            arguments={p.name: hints.get(p.name) for p in parameters},
            optional=frozenset(p.name for p in parameters if p.default is not p.empty),
            returns=hints.get("return"),
            refusals=self.refusals(where, options),
            signature=signature,
        )

    def check_key(self, where: str, options: _Options, required: set[str]) -> None:
        if options.kind == "command" and not options.key:
            self.faults.append(f"{where}: a command needs a key, the arguments that identify its effect.")
        self.faults.extend(
            f"{where}: the key names {name!r}, which is no required argument."
            for name in options.key
            if name not in required
        )

    def refusals(self, where: str, options: _Options) -> dict[str, type[ContractError]]:
        declared = (CommandInProgress, CommandKeyReused) if options.kind == "command" else ()
        found: dict[str, type[ContractError]] = {}
        for error in (*declared, *options.raises):
            code = getattr(error, "code", None)
            if not isinstance(code, str):
                self.faults.append(f"{where}: {error.__name__} has no code.")
            elif found.setdefault(code, error) is not error:
                self.faults.append(f"{where}: {found[code].__name__} and {error.__name__} share the code {code!r}.")
        return found
