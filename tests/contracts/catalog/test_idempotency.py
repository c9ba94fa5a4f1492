"""One key, one effect, one answer."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contracts.catalog.client import Client
from tests.contracts.catalog.conftest import Shelf
from tests.contracts.catalog.expectations import is_problem, names_field


def test_repeat_gets_the_first_answer(staff: Client, shelf: Shelf, word: str) -> None:
    """Status, body and validator, marked as replayed; there is one product."""
    body, key = shelf.product_body(), str(uuid.uuid4())
    first, again = staff.create("/products", body, key=key), staff.create("/products", body, key=key)
    assert (first.status, first.replayed, again.replayed) == (201, False, True)
    assert (again.status, again.content, again.etag) == (first.status, first.content, first.etag)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert staff.get("/products", status="draft", brand=word, include="count").json["count"] == 1


def test_repeat_gets_the_first_answer_after_the_row_has_changed(staff: Client, shelf: Shelf) -> None:
    """It is the answer of then, not of now."""
    body, key = shelf.product_body(), str(uuid.uuid4())
    first = staff.create("/products", body, key=key)
    staff.change("PATCH", f"/products/{first.json['id']}", {"description": "New."}, tag=first.etag)
    assert staff.create("/products", body, key=key).content == first.content


def test_repeat_is_the_same_however_it_is_spelt(staff: Client, shelf: Shelf) -> None:
    """The order of members in JSON means nothing."""
    body, key = shelf.product_body(), str(uuid.uuid4())
    first = staff.create("/products", body, key=key)
    again = staff.create("/products", dict(reversed(body.items())), key=key)
    assert (again.replayed, again.content) == (True, first.content)


def test_key_of_another_request_is_refused(staff: Client, shelf: Shelf) -> None:
    """Another body, or the same body for another product."""
    key = str(uuid.uuid4())
    staff.create("/products", shelf.product_body(), key=key)
    is_problem(staff.create("/products", shelf.product_body(), key=key), 422, "idempotency_key_reused")
    first, second = shelf.published().json["id"], shelf.published().json["id"]
    assert staff.create(f"/products/{first}:archive", {}, key=key).status == 200
    is_problem(staff.create(f"/products/{second}:archive", {}, key=key), 422, "idempotency_key_reused")
    assert staff.get(f"/products/{second}").json["status"] == "published"


def test_key_is_per_route(staff: Client, shelf: Shelf) -> None:
    """The same key may be used on another one."""
    key = str(uuid.uuid4())
    made = staff.create("/products", shelf.product_body(), key=key).json
    answer = staff.create(f"/products/{made['id']}:archive", {}, key=key)
    assert (answer.status, answer.replayed) == (200, False)


@pytest.mark.parametrize("key", [None, "", "k" * 256], ids=["missing", "empty", "too long"])
def test_key_is_required(staff: Client, shelf: Shelf, key: str | None) -> None:
    """Of 1 to 255 characters, on every POST that makes or moves something."""
    made = shelf.draft().json
    headers = {} if key is None else {"Idempotency-Key": key}
    for path, body in (
        ("/products", shelf.product_body()),
        (f"/products/{made['id']}:publish", {}),
        (f"/products/{made['id']}:archive", {}),
        (f"/products/{made['id']}/variants", {}),
        ("/categories", {}),
    ):
        is_problem(staff.send("POST", path, body=body, headers=headers), 400, "idempotency_key_required")


def test_refusal_is_not_recorded(staff: Client, shelf: Shelf) -> None:
    """A failed validation and a business refusal leave the key unused: the corrected request may have it."""
    taken, key = shelf.draft().json["slug"], str(uuid.uuid4())
    names_field(staff.create("/products", {**shelf.product_body(), "name": ""}, key=key), "name")
    is_problem(staff.create("/products", shelf.product_body(slug=taken), key=key), 409, "slug_taken")
    corrected = staff.create("/products", shelf.product_body(), key=key)
    assert (corrected.status, corrected.replayed) == (201, False)


@pytest.mark.parametrize("step", ["publish", "archive"])
def test_repeated_step_is_no_invalid_transition(staff: Client, shelf: Shelf, step: str) -> None:
    """The client cannot know whether its first request arrived."""
    made = shelf.draft(category=shelf.category()["slug"]).json
    key = str(uuid.uuid4())
    first = staff.create(f"/products/{made['id']}:{step}", {}, key=key)
    again = staff.create(f"/products/{made['id']}:{step}", {}, key=key)
    assert (again.status, again.replayed, again.content) == (200, True, first.content)


def test_repeats_at_once_have_one_effect(staff: Client, shelf: Shelf, word: str) -> None:
    """Each is the first, a replay, or told 409 with Retry-After; none waits for ever, none makes a second row."""
    body, key, together = shelf.product_body(), str(uuid.uuid4()), threading.Barrier(8)

    def create(_: int) -> tuple[int, bool, str | None, bytes]:
        together.wait(30)
        answer = staff.create("/products", body, key=key)
        return answer.status, answer.replayed, answer.headers.get("Retry-After"), answer.content

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    made = {content for status, _, _, content in answers if status == 201}
    assert len(made) == 1
    assert sum(status == 201 and not replayed for status, replayed, _, _ in answers) == 1
    assert all(status == 201 or (status == 409 and retry) for status, _, retry, _ in answers)
    assert staff.get("/products", status="draft", brand=word, include="count").json["count"] == 1
