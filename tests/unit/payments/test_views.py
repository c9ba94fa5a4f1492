"""Who may see and do what, and what a repeat is told."""

import uuid

import pytest

from monolith.payments.models import PaymentAttempt

pytestmark = pytest.mark.django_db(transaction=True)  # the provider is asked when the view's own has committed
BODY = {"customer": "ann", "amount": {"amount": 1000, "currency": "USD"}}


def made(staff, **more):
    answer = staff.post("/payment-intents", {**BODY, "order_id": str(uuid.uuid4()), **more})
    assert answer.status_code == 201
    return answer.json()


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_customer_reads_and_confirms_what_is_theirs_alone(rest, staff, till):
    """What is somebody else's is not there: nobody learns more by asking."""
    row = made(staff)
    path = f"/payment-intents/{row['id']}"
    ann, bob = rest("ann"), rest("bob")
    assert (ann.get(path).json(), code(bob.get(path))) == (row, (404, "unknown_payment"))
    assert [one["id"] for one in ann.get("/payment-intents").json()["data"]] == [row["id"]]
    assert bob.get("/payment-intents", order_id=row["order_id"]).json()["data"] == []
    assert code(bob.post(f"{path}:confirm", {"payment_method": "tok_visa"})) == (404, "unknown_payment")
    assert till.first.asked == []
    assert ann.post(f"{path}:confirm", {"payment_method": "tok_visa"}).json()["status"] == "requires_capture"
    staff.post(f"{path}:capture", {})
    refund = staff.post("/refunds", {"payment_intent": row["id"], "amount": {"amount": 1, "currency": "USD"}}).json()
    read = f"/refunds/{refund['id']}"
    assert (ann.get(read).json(), code(bob.get(read))) == (refund, (404, "unknown_refund"))


@pytest.mark.parametrize("what", ["create", "capture", "cancel", "refund", "compare", "compared", "providers"])
def test_what_is_the_shops_is_closed_to_customers(rest, staff, what):
    """To the one whose payment it is as well."""
    row = made(staff, payment_method="tok_visa")
    staff.post(f"/payment-intents/{row['id']}:confirm", {})
    path = f"/payment-intents/{row['id']}"
    day = {"provider": "sandbox_a", "date": "2026-01-01"}
    ann = rest("ann")
    answer = {
        "create": lambda: ann.post("/payment-intents", {**BODY, "order_id": str(uuid.uuid4())}),
        "capture": lambda: ann.post(f"{path}:capture", {}),
        "cancel": lambda: ann.post(f"{path}:cancel", {}),
        "refund": lambda: ann.post("/refunds", {"payment_intent": row["id"]}),
        "compare": lambda: ann.post("/reconciliations", day),
        "compared": lambda: ann.get(f"/reconciliations/{uuid.uuid4()}"),
        "providers": lambda: ann.get("/providers"),
    }[what]()
    assert code(answer) == (403, "permission_denied")
    assert staff.get(path).json()["status"] == "requires_capture"


def test_who_may_only_read_changes_nothing(rest, staff):
    row = made(staff)
    path = f"/payment-intents/{row['id']}"
    reader = rest("auditor", ("payments:read",))
    assert reader.get(path).json() == row
    assert reader.get("/providers").status_code == 200
    for step in ("confirm", "capture", "cancel"):
        assert code(reader.post(f"{path}:{step}", {})) == (403, "permission_denied")


def test_nobody_without_a_scope_gets_anything(rest, staff):
    row = made(staff)
    nobody = rest("ann", ())
    for path in ("/payment-intents", f"/payment-intents/{row['id']}", f"/refunds/{uuid.uuid4()}", "/providers"):
        assert code(nobody.get(path)) == (403, "permission_denied")


def test_repeat_is_told_what_came_of_the_first(staff, till):
    """One key, one request to the provider, one outcome."""
    path = f"/payment-intents/{made(staff)['id']}:confirm"
    first, again = (staff.post(path, {"payment_method": "tok_visa"}, key="k") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "requires_capture")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(till.first.asked) == 1
    assert code(staff.post(path, {"payment_method": "tok_mastercard"}, key="k")) == (422, "idempotency_key_reused")


def test_decline_is_told_again_and_tries_nothing_new(staff, till):
    path = f"/payment-intents/{made(staff)['id']}:confirm"
    for _ in range(2):
        answer = staff.post(path, {"payment_method": "tok_declined_lost_card"}, key="k")
        assert code(answer) == (402, "card_declined")
        assert answer.json()["decline_code"] == "lost_card"
    assert len(till.first.asked) == 1
    assert staff.post(path, {"payment_method": "tok_visa"}, key="other").status_code == 200
    assert code(staff.post(path, {"payment_method": "tok_declined_lost_card"}, key="k")) == (402, "card_declined")


def test_unknown_outcome_is_accepted_and_known_later(staff, till):
    row = made(staff)
    path = f"/payment-intents/{row['id']}:confirm"
    body = {"payment_method": "tok_timeout_after"}
    first = staff.post(path, body, key="k")
    assert (first.status_code, first.json()["status"]) == (202, "processing")
    till.poll()
    again = staff.post(path, body, key="k")
    assert (again.status_code, again.json()["status"]) == (200, "requires_capture")
    assert till.first.charges(row["id"]) == [("authorized", 1, 0, 0)]


def test_nobody_in_reach_is_a_503(staff, till):
    till.first.down = till.second.down = True
    answer = staff.post(f"/payment-intents/{made(staff)['id']}:confirm", {"payment_method": "tok_visa"})
    assert code(answer) == (503, "provider_unavailable")
    assert answer.headers["Retry-After"]


def test_customer_who_failed_to_prove_who_they_are_is_told(staff, till):
    path = f"/payment-intents/{made(staff)['id']}:confirm"
    body = {"payment_method": "tok_3ds"}
    first = staff.post(path, body, key="k").json()
    assert (first["status"], first["next_action"]["type"]) == ("requires_action", "redirect")
    authorization = PaymentAttempt.objects.get().provider_ref
    till.first.ledger.complete("sandbox_a", authorization, approve=False)
    till.poll()
    assert code(staff.post(path, body, key="k")) == (402, "authentication_required")


def test_refused_step_is_told_with_what_is_allowed(staff):
    path = f"/payment-intents/{made(staff)['id']}"
    answer = staff.post(f"{path}:capture", {})
    assert code(answer) == (409, "invalid_transition")
    problem = answer.json()
    assert (problem["from"], problem["allowed"]) == (
        "requires_payment_method", ["canceled", "processing", "requires_confirmation"],
    )  # fmt: skip


def test_books_are_compared_over_rest(staff):
    row = made(staff, payment_method="tok_visa")
    staff.post(f"/payment-intents/{row['id']}:confirm", {})
    day = row["created_at"][:10]
    answer = staff.post("/reconciliations", {"provider": "sandbox_a", "date": day})
    told = answer.json()
    assert (answer.status_code, told["compared"], told["differences"]) == (201, 1, [])
    assert staff.get(f"/reconciliations/{told['id']}").json() == told
    for body, expected in (
        ({"provider": "nobody", "date": day}, (404, "unknown_provider")),
        ({"provider": "sandbox_a", "date": "2999-01-01"}, (422, "out_of_bounds")),
    ):
        assert code(staff.post("/reconciliations", body)) == expected
