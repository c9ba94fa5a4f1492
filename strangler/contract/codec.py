"""What an operation's arguments, outcome and refusals look like as JSON (RFC 8259); strict in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from strangler.contract.operation import Contract, Operation
from strangler.contract.types import strict
from strangler.errors import ContractError, StranglerError

# What the decoders raise on bytes that nobody should have sent: not JSON, not UTF-8, nested without end.
UNREADABLE = (ValueError, RecursionError)


class WireError(StranglerError):
    """What arrived does not say what the contract says."""


class _Refusal(msgspec.Struct, frozen=True):
    code: str
    message: str
    context: dict[str, Any] = {}


_refusals = msgspec.json.Decoder(_Refusal)


class Codec:
    """
    Encodes and decodes one operation; made once, when it is bound.

    A request refuses fields that it does not know, a reply ignores them: servers ship before callers.
    """

    __slots__ = ("_arguments", "_outcome", "_strict", "operation")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self._outcome = msgspec.json.Decoder(operation.returns)
        mirror = {name: strict(kind) for name, kind in operation.arguments.items()}
        self._arguments: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_struct(operation, operation.arguments))
        # Values drop unknown fields silently, so a mirror that refuses them looks first, unless no argument has fields.
        self._strict: msgspec.json.Decoder[Any] | None = None
        if mirror != operation.arguments:
            self._strict = msgspec.json.Decoder(_struct(operation, mirror))

    def encode_arguments(self, arguments: Mapping[str, Any]) -> bytes:
        """Return the arguments that were given; one that was not is left to the callee's default."""
        return encode(arguments)

    def decode_arguments(self, raw: bytes) -> dict[str, Any]:
        """
        Return the arguments as keywords, without those that were not given.

        Raises:
            WireError: one is unknown, missing, or of another type.
        """
        try:
            if self._strict is not None:
                self._strict.decode(raw)
            found = self._arguments.decode(raw)
        except UNREADABLE as error:
            raise WireError(f"{self.operation.name}: {error}") from error
        given = {name: getattr(found, name) for name in self.operation.arguments}
        return {name: value for name, value in given.items() if value is not msgspec.UNSET}

    def encode_key(self, arguments: Mapping[str, Any]) -> str:
        """Return the arguments that identify a command's effect, as one text."""
        return encode([arguments[name] for name in self.operation.key]).decode()

    def encode_outcome(self, outcome: Any) -> bytes:
        """Return what the operation returned."""
        return encode(outcome)

    def decode_outcome(self, raw: bytes) -> Any:
        """
        Return what the operation returned.

        Raises:
            WireError: it is of another type.
        """
        try:
            return self._outcome.decode(raw)
        except UNREADABLE as error:
            raise WireError(f"{self.operation.name} answered: {error}") from error

    def encode_refusal(self, error: ContractError) -> bytes:
        """Return a refusal with its code, message and context."""
        return encode(_Refusal(error.code, str(error), error.context))

    def decode_refusal(self, raw: bytes) -> ContractError:
        """
        Return the refusal as the class that the contract names.

        Raises:
            WireError: it is none of the operation's.
        """
        try:
            found = _refusals.decode(raw)
        except UNREADABLE as error:
            raise WireError(f"{self.operation.name} refused: {error}") from error
        kind = self.operation.refusals.get(found.code)
        if kind is None:
            raise WireError(f"{self.operation.name} refused with {found.code!r}, which its contract does not name")
        return kind(found.message, **found.context)


@lru_cache(maxsize=256)
def codecs_of(contract: Contract) -> Mapping[str, Codec]:
    """Return the wire of every operation by its name, derived once."""
    return {name: Codec(operation) for name, operation in contract.operations.items()}


def _struct(operation: Operation, arguments: Mapping[str, Any]) -> type:
    fields = [
        (name, kind | msgspec.UnsetType, msgspec.UNSET) if name in operation.optional else (name, kind)
        for name, kind in arguments.items()
    ]
    return msgspec.defstruct(operation.name, fields, kw_only=True, forbid_unknown_fields=True, gc=False)


def encode(value: Any) -> bytes:
    """
    Return a value as JSON.

    Raises:
        WireError: part of it is of a type that cannot cross a border.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"this cannot cross a border: {error}") from error


def _plain(value: Any) -> Any:
    """Return what a subclass, such as Django's SafeString, is on the wire; the encoder knows exact types only."""
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"{type(value).__name__} is no type of the wire")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
