"""A typed handle on a capability, wherever it lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Generic, TypeVar, cast, get_args

from strangler.contract.operation import Contract
from strangler.errors import SetupError

P = TypeVar("P")
Binder = Callable[[Contract], Any]
_binder: Binder | None = None
_bound: list[Port[Any]] = []


def bind_ports(binder: Binder) -> None:
    """Say how this host reaches the capabilities behind its ports; done once, by the host."""
    global _binder
    _binder = binder


def unbind_ports() -> None:
    """Let every port be bound anew at its next call: the settings have changed."""
    while _bound:
        _bound.pop()._client = None


class Port(Generic[P]):
    """
    `catalog = Port[Catalog]("catalog")` declares it, `catalog().variants(ids=...)` calls it.

    The call goes to whichever home the capability's state names; the caller's code is the same for all.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: P | None = None

    def __call__(self) -> P:
        """
        Return the operations.

        Raises:
            SetupError: no host has bound the port, or its contract has faults.
        """
        client = self._client
        return self._bind() if client is None else client

    @cached_property
    def contract(self) -> Contract:
        """The operations of the Protocol."""
        # typing sets it on what `Port[X](...)` makes, after __init__
        protocols = get_args(getattr(self, "__orig_class__", None))
        if not protocols:
            raise SetupError([f"Port({self.name!r}) has no Protocol: write Port[X]({self.name!r})."])
        return Contract(self.name, protocols[0])

    @contextmanager
    def bound_to(self, client: P) -> Iterator[P]:
        """Let the port reach *client* while the block runs: for fakes in tests."""
        before, self._client = self._client, client
        try:
            yield client
        finally:
            self._client = before

    def _bind(self) -> P:
        if _binder is None:
            raise SetupError([f"Nobody has bound the port {self.name!r}: is 'strangler' in INSTALLED_APPS?"])
        self._client = cast(P, _binder(self.contract))
        _bound.append(self)
        return self._client
