"""What answers of every kind have in common."""

from __future__ import annotations

from typing import Any

import jsonschema

from tests.contracts.client import Answer

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "errors", "request_id"}


def is_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """Assert that *answer* is this problem (RFC 9457) and return its members."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    problem: dict[str, Any] = answer.json
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem.keys() >= MEMBERS
    assert problem["title"]
    assert problem["detail"]
    return problem


def names_field(answer: Answer, field: str, code: str | None = None) -> None:
    """Assert that *answer* is a failed validation that names *field*."""
    errors = is_problem(answer, 400, "validation_failed")["errors"]
    found = {error["field"]: error["code"] for error in errors}
    assert field in found, errors
    assert code in (None, found[field]), errors


def close(schema: dict[str, Any]) -> None:
    """Let an OpenAPI schema refuse members that it does not name, but in problems (RFC 9457 3.2)."""
    for component in schema["components"]["schemas"].values():
        if not component.get("description", "").startswith("RFC 9457"):
            component["additionalProperties"] = component.get("additionalProperties", False)


def holds(schema: dict[str, Any], answer: Answer, operation: str) -> None:
    """Assert that *answer* is what the OpenAPI *schema* says of the operation."""
    (found,) = [
        op
        for item in schema["paths"].values()
        for op in item.values()
        if isinstance(op, dict) and op.get("operationId") == operation
    ]
    media = answer.headers["Content-Type"]
    response = found["responses"].get(str(answer.status), found["responses"]["default"])
    wanted = {**response["content"][media]["schema"], "components": schema["components"]}
    jsonschema.Draft202012Validator(wanted).validate(answer.json)
