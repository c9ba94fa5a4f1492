"""The home that this host is: its implementation of a contract, and the commands that it remembers (R13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig, apps

from strangler.bindings.records import KEY_LENGTH_MAX, CommandRecord
from strangler.conf import get_conf
from strangler.contract import Codec, CommandInProgress, CommandKeyReused, Contract, Operation, codecs_of
from strangler.errors import SetupError
from strangler.fence import Busy, alone, external_effect, observe, own_connection
from strangler.transport.content import sha256_of


class Local:
    """
    Runs operations in this process.

    Raises:
        SetupError: the app does not implement the contract, or remembers nothing.
    """

    def __init__(self, contract: Contract) -> None:
        self.capability = contract.name
        self._codecs = codecs_of(contract)
        app = apps.get_app_config(get_conf().capabilities[contract.name].app)
        self._implementation = implementation_of(app)
        self._records = records_of(app)
        if found := faults_of(app, contract):
            raise SetupError(found)

    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return the implementation's own method."""
        method: Callable[..., Any] = getattr(self._implementation, operation.name)
        return method

    def run(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """
        Run an operation here; a command at most once for its key.

        Raises:
            Moved: another home owns the rows; nothing has happened.
            ContractError: nothing has happened either.
        """
        if operation.kind == "query":
            return self.method(operation)(**arguments)
        # An observation of its own: a refusal of this capability is not one of the request's around it.
        with observe(self.capability) as seen:
            outcome = self._run_once(operation, arguments)
        if seen.moved:
            raise seen.moved  # swallowed by the implementation (R5)
        external_effect()  # the request around it can no longer run elsewhere (R4)
        return outcome

    def _run_once(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        assert self._records is not None
        codec = self._codecs[operation.name]
        key = _short(codec.encode_key(arguments))
        # In the contract's order: however the caller wrote them down, a repeat is a repeat.
        in_order = {name: arguments[name] for name in operation.arguments if name in arguments}
        sha256 = sha256_of(codec.encode_arguments(in_order))
        using = own_connection(self.capability).alias
        try:
            # The transaction's first statement asserts ownership (R2), before what is remembered here counts.
            with alone(using, self._records._meta.db_table, operation.name, key):
                known = self._records.objects.using(using).filter(operation=operation.name, key=key)
                if first := known.values_list("request_sha256", "outcome").first():
                    return _first_outcome(first, sha256, codec)
                outcome = self.method(operation)(**arguments)
                self._records.objects.using(using).create(
                    operation=operation.name,
                    key=key,
                    request_sha256=sha256,
                    outcome=codec.encode_outcome(outcome).decode(),
                )
                return outcome
        except Busy as busy:
            raise CommandInProgress(f"{operation.name} with this key is under way; repeat in a moment.") from busy


def _first_outcome(first: tuple[str, str], sha256: str, codec: Codec) -> Any:
    first_sha256, outcome = first
    if first_sha256 != sha256:
        raise CommandKeyReused("The key belongs to a command with other arguments; use a new one for a new effect.")
    return codec.decode_outcome(outcome.encode())


def _short(key: str) -> str:
    return key if len(key) <= KEY_LENGTH_MAX else sha256_of(key.encode())


def faults_of(app: AppConfig, contract: Contract) -> list[str]:
    """Return what keeps *app* from serving *contract*."""
    faults = contract.mismatches(implementation_of(app))
    if records_of(app) is None and any(o.kind == "command" for o in contract.operations.values()):
        faults.append(f"{app.label} has commands and no concrete CommandRecord: their repeats would have effects.")
    return faults


def implementation_of(app: AppConfig) -> object:
    """
    Return what the app offers: `implementation` in its module `local`.

    Raises:
        SetupError: there is none.
    """
    name = f"{app.name}.local"
    module = import_module(name) if find_spec(name) else None
    found: object = getattr(module, "implementation", None)
    if found is None:
        raise SetupError([f"{name} does not exist or names no `implementation` of the contract."])
    return found


def records_of(app: AppConfig) -> type[CommandRecord] | None:
    """Return the app's table of remembered commands."""
    return next((model for model in app.get_models() if issubclass(model, CommandRecord)), None)
