"""What an app's package `contract` declares, found by its type: ports, events, subscriptions."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def package_of(app: str, contract: str = "") -> ModuleType | None:
    """
    Return the contract of the app in the package *app*; None when it publishes none.

    Args:
        contract: the package of it, where it is not the app's own.
    """
    name = contract or f"{app}.contract"
    return import_module(name) if find_spec(name) else None


def declared(package: ModuleType | None, kind: type[T]) -> list[T]:
    """Return what a contract declares of one kind, in its order, each once; nothing where there is no contract."""
    values = vars(package).values() if package else ()
    return list({id(value): value for value in values if isinstance(value, kind)}.values())
