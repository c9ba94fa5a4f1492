"""What answers of every kind have in common."""

from __future__ import annotations

from typing import Any

from tests.contracts.catalog.client import Answer

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
