"""A contract as the document `schema.json`, by which a change of it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strangler.contract.event import EventType
from strangler.contract.operation import Operation

FORMAT = 1
_REF = "#/types/{name}"


def snapshot(
    capability: str, operations: Mapping[str, Operation], events: Mapping[str, EventType] | None = None
) -> dict[str, Any]:
    """
    Return what a capability offers as JSON values, with JSON Schemas of all that crosses its border.

    Args:
        operations: of its `Contract`, by name; so are *events* those of its `Events`.
    """
    published = dict(sorted((events or {}).items()))
    kinds = [kind for operation in operations.values() for kind in (*operation.arguments.values(), operation.returns)]
    kinds += [kind.payload for kind in published.values()]
    schemas, types = msgspec.json.schema_components(kinds, ref_template=_REF)
    parts = iter(schemas)
    described = {}
    for name, operation in operations.items():
        arguments = {argument: next(parts) for argument in operation.arguments}
        described[name] = _operation(operation, arguments, next(parts))
    return {
        "format": FORMAT,
        "capability": capability,
        "operations": described,
        "events": {
            name: {"aggregate": kind.aggregate, "key": kind.key, "data": next(parts)}
            for name, kind in published.items()
        },
        "types": dict(sorted(types.items())),
    }


def _operation(operation: Operation, arguments: dict[str, Any], returns: Any) -> dict[str, Any]:
    return {
        "kind": operation.kind,
        "key": list(operation.key),
        "repeatable": operation.repeatable,
        "timeout_s": operation.timeout_s,
        "arguments": arguments,
        "required": [name for name in operation.arguments if name not in operation.optional],
        "returns": returns,
        "refusals": sorted(operation.refusals),
    }
