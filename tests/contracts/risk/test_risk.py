"""Versions of the rules: drafts, the one that decides, and what nobody may change."""

from __future__ import annotations

from typing import Any

from tests.contracts.at_once import at_once
from tests.contracts.client import Client, pages
from tests.contracts.expectations import close, holds, is_problem, names_field
from tests.contracts.risk.conftest import RULE


def test_draft_is_changed_and_activated_and_then_stays(staff: Client, draft: dict[str, Any]) -> None:
    path = f"/rulesets/{draft['version']}"
    seen = staff.get(path)
    assert (seen.json, draft["status"], draft["created_by"]) == (draft, "draft", draft["changed_by"])
    assert staff.get(path, headers={"If-None-Match": seen.etag}).status == 304
    changed = staff.change("PATCH", path, {"review_from": 40}, tag=seen.etag)
    assert (changed.status, changed.json["review_from"], changed.json["rules"]) == (200, 40, [RULE])
    is_problem(staff.change("PATCH", path, {"review_from": 41}, tag=seen.etag), 412, "version_conflict")
    active = staff.create(f"{path}:activate", {"reason": "go"})
    assert (active.status, active.json["status"]) == (200, "active")
    is_problem(staff.change("PATCH", path, {"note": "x"}, tag=active.etag), 409, "not_a_draft")
    (step,) = staff.get(f"{path}/history").json["data"]
    assert (step["from"], step["to"], step["reason"]) == ("draft", "active", "go")


def test_one_decides_whoever_activates_at_once(staff: Client) -> None:
    """Eight drafts, eight activations: the last of them decides alone, and no number was given twice."""
    made = [staff.create("/rulesets", {"rules": [RULE]}).json["version"] for _ in range(8)]
    assert len(set(made)) == 8
    outcomes = at_once(lambda n: staff.create(f"/rulesets/{made[n]}:activate", {}))
    assert set(outcomes) == {(200, None)}
    states = [row["status"] for page in pages(staff, "/rulesets", limit=5) for row in page["data"]]
    assert states.count("active") == 1


def test_versions_made_at_once_have_numbers_of_their_own(staff: Client) -> None:
    before = {row["version"] for page in pages(staff, "/rulesets") for row in page["data"]}
    assert at_once(lambda _: staff.create("/rulesets", {"rules": [RULE]})) == {(201, None): 8}
    after = {row["version"] for page in pages(staff, "/rulesets") for row in page["data"]}
    assert len(after - before) == 8


def test_rules_that_cannot_be_understood_are_told_apart(staff: Client) -> None:
    refusal = is_problem(staff.create("/rulesets", {"rules": [{**RULE, "expr": "wealth > 1"}]}), 422, "invalid_rules")
    assert [fault["rule"] for fault in refusal["faults"]] == ["bulk"]
    names_field(staff.create("/rulesets", {"review_from": 101}), "review_from")
    names_field(staff.create("/rulesets", {"unknown": 1}), "unknown")
    is_problem(staff.get("/rulesets/99999"), 404, "unknown_ruleset")
    is_problem(staff.get("/decisions?colour=red"), 400, "invalid_filter")
    is_problem(staff.get("/decisions/00000000-0000-7000-8000-000000000000"), 404, "unknown_decision")


def test_nobody_looks_without_a_scope(anybody: Client) -> None:
    for path in ("/decisions", "/rulesets", "/rulesets/built-in"):
        is_problem(anybody.get(path), 401, "not_authenticated")


def test_answers_hold_the_schema(anybody: Client, staff: Client, draft: dict[str, Any]) -> None:
    """No member that the schema does not know; every operation says what it does."""
    schema = dict(anybody.get("/openapi.json").json)
    close(schema)
    path = f"/rulesets/{draft['version']}"
    holds(schema, staff.create("/rulesets", {}), "create_ruleset")
    holds(schema, staff.create("/rulesets", {"rules": 5}), "create_ruleset")
    holds(schema, staff.get("/rulesets", include="count"), "list_rulesets")
    holds(schema, staff.get("/rulesets/built-in"), "get_built_in_rules")
    holds(schema, staff.get(path), "get_ruleset")
    holds(schema, staff.change("PATCH", path, {"note": "n"}, tag='"x"'), "change_ruleset")
    holds(schema, staff.create(f"{path}:activate", {}), "activate_ruleset")
    holds(schema, staff.get(f"{path}/history"), "get_ruleset_history")
    holds(schema, staff.get(f"{path}/dry-run", decisions=10), "dry_run_ruleset")
    holds(schema, staff.get(f"{path}/dry-run", decisions=0), "dry_run_ruleset")
    holds(schema, staff.get("/decisions", include="count"), "list_decisions")
    holds(schema, staff.get("/decisions/00000000-0000-7000-8000-000000000000"), "get_decision")
    operations = [op for item in schema["paths"].values() for op in item.values() if "responses" in op]
    assert len(operations) == 10
    assert all(op["summary"].endswith(".") for op in operations)
