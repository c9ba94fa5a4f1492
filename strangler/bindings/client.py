"""What a port hands out: an object with a contract's operations, made at start-up and never written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strangler.bindings.local import Local
from strangler.bindings.remote import Remote
from strangler.bindings.travelling import Travelling
from strangler.conf import get_conf
from strangler.contract import Contract, Operation
from strangler.errors import SetupError


def client_of(contract: Contract, bound: Callable[[Operation], Callable[..., Any]]) -> Any:
    """Return an object whose methods are the operations of *contract*, each as *bound* makes it."""
    methods: dict[str, Any] = {"__doc__": f"The operations of {contract.name}.", "__slots__": ()}
    for name, operation in contract.operations.items():
        call = bound(operation)
        call.__name__ = name
        call.__doc__ = getattr(contract.protocol, name).__doc__
        methods[name] = staticmethod(call)
    return type(contract.protocol.__name__, (), methods)()


def bind(contract: Contract) -> Any:
    """
    Bind a port as this host does: to its own home, to the other one, or to both as the state says.

    Raises:
        SetupError: the settings do not know the capability, or its app does not implement the contract.
    """
    conf = get_conf()
    if contract.name not in conf.capabilities:
        unknown = f"This host calls {contract.name!r}, which STRANGLER['CAPABILITIES'] does not name"
        raise SetupError([f"{unknown}: add an entry with its 'internal_url'."])
    home = conf.home_of(contract.name)
    local = Local(contract) if home else None
    return client_of(contract, Travelling(contract.name, home, local, Remote(contract)).bound)
