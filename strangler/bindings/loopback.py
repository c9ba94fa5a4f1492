"""
The binding of tests: everything crosses the wire's form and runs in this process.

What only a real border would show, shows here: values are encoded and decoded both ways, and whatever may be repeated
runs twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from strangler.bindings.client import client_of
from strangler.bindings.local import Local
from strangler.bindings.transactions import refuser_of
from strangler.contract import Codec, Operation, Port, WireError, codecs_of
from strangler.errors import ContractError
from strangler.transport.errors import BadReply


class Loopback:
    """Calls one capability of this host as if it were far away."""

    def __init__(self, local: Local, codecs: Mapping[str, Codec]) -> None:
        self._local = local
        self._codecs = codecs

    def bound(self, operation: Operation) -> Callable[..., Any]:
        """Return the operation as a function of its arguments."""
        codec = self._codecs[operation.name]
        refuse = refuser_of(operation)

        def call(**arguments: Any) -> Any:
            refuse(operation.name)
            operation.signature.bind(None, **arguments)
            body = codec.encode_arguments(arguments)
            answer = self._run(codec, body)
            return self._run(codec, body) if operation.repeatable else answer

        return call

    def _run(self, codec: Codec, body: bytes) -> Any:
        try:
            outcome = self._local.run(codec.operation, codec.decode_arguments(body))
            return codec.decode_outcome(codec.encode_outcome(outcome))
        except ContractError as error:
            raise _crossed(codec, error) from error
        except WireError as error:
            raise BadReply(str(error)) from error


def _crossed(codec: Codec, error: ContractError) -> Exception:
    try:
        return codec.decode_refusal(codec.encode_refusal(error))
    except WireError as fault:
        return BadReply(str(fault))


@contextmanager
def loopback(port: Port[Any]) -> Iterator[Any]:
    """Bind *port* to this host's own implementation through the wire's form while the block runs."""
    binding = Loopback(Local(port.contract), codecs_of(port.contract))
    with port.bound_to(client_of(port.contract, binding.bound)) as client:
        yield client
