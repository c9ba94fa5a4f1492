"""A contract as the document `schema.json`, by which a change of it is judged."""

from __future__ import annotations

from typing import Any

import msgspec

from strangler.contract.operation import Contract, Operation

FORMAT = 1
_REF = "#/types/{name}"


def snapshot(contract: Contract) -> dict[str, Any]:
    """Return the contract as JSON values: operations with JSON Schemas of what goes in and comes out."""
    kinds = [
        kind
        for operation in contract.operations.values()
        for kind in (*operation.arguments.values(), operation.returns)
    ]
    schemas, types = msgspec.json.schema_components(kinds, ref_template=_REF)
    parts = iter(schemas)
    operations = {}
    for operation in contract.operations.values():
        arguments = {name: next(parts) for name in operation.arguments}
        operations[operation.name] = _operation(operation, arguments, next(parts))
    return {
        "format": FORMAT,
        "capability": contract.name,
        "operations": operations,
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
