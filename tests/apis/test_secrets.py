"""
No card number, password or token comes into logs, events or spans, whatever is sent to whichever app.

What is logged is read before anything is redacted: redaction is a second net, and not relied upon here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from monolith.payments import providers
from strangler.hosting.celery import app as celery_app
from strangler.hosting.telemetry import ENDPOINT_VARIABLE
from tests.apis.hosts import EVERYTHING, HOMES, MOUNTS, Become, Host
from tests.apis.objects import account
from tests.unit.payments.fakes import FakeProvider

PASSWORD, CARD = "correct horse never-seen-again", "4000056655665556"
PAYMENT_TOKEN, CART_TOKEN = "tok_visa__never_seen_again", "cart-never-seen-again-0123456789abcdef"
FORGED = "eyJhbGciOiJFUzI1NiJ9.bmV2ZXItc2Vlbi1hZ2Fpbg.bmV2ZXItc2Vlbi1hZ2Fpbg"
SECRETS = (PASSWORD, CARD, PAYMENT_TOKEN, CART_TOKEN, FORGED)
EMAIL = "ann@example.com"
Committed = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], InMemorySpanExporter]]:
    """A function that begins to export spans, as a host does that has somewhere to send them."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv(ENDPOINT_VARIABLE, "http://127.0.0.1:9")
    instrumentor = DjangoInstrumentor()

    def begin() -> InMemorySpanExporter:
        instrumentor.instrument(tracer_provider=provider)
        return exporter

    yield begin
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """What is to be done after a commit is done when the block ends."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture(autouse=True)
def nobody_outside() -> Iterator[None]:
    """Tasks run where they are asked for, and payments are made at a provider of the test's own."""
    before, celery_app.conf.task_always_eager = celery_app.conf.task_always_eager, True
    with providers.bound_to((FakeProvider("sandbox_a"), FakeProvider("sandbox_b", asynchronous=True))):
        yield
    celery_app.conf.task_always_eager = before


def everything_sent(host: Host, token: str) -> None:
    """Send secrets to every operation that names no single thing: in the body, in fields, and as who one is."""
    body = {
        "password": PASSWORD, "current_password": PASSWORD, "new_password": PASSWORD, "card_number": CARD,
        "number": CARD, "payment_method": PAYMENT_TOKEN, "payment_method_token": PAYMENT_TOKEN, "token": FORGED,
        "refresh_token": FORGED, "email": EMAIL,
    }  # fmt: skip
    fields = {"Cart_Token": CART_TOKEN, "Webhook_Signature": f"t=1,v1={FORGED}", "Cookie": f"sessionid={FORGED}"}
    for operation in host.operations():
        if not operation.has_id:
            sent = None if operation.method == "get" else body
            for who in (token, FORGED, None):
                host.send(operation.method, operation.path, who, sent, **fields)


def of_users(host: Host) -> list[str]:
    """Log in, go on, change the password; return the tokens that were given."""
    made = {"email": "bob@example.com", "password": PASSWORD, "first_name": "Bob"}
    assert host.send("post", "/api/users/users", body=made).status_code == 201
    login = {"email": made["email"], "password": PASSWORD}
    given = host.send("post", "/api/users/auth/token", body=login)
    assert given.status_code == 200, given.content
    first = json.loads(given.content)
    again = host.send("post", "/api/users/auth/token/refresh", body={"refresh_token": first["refresh_token"]})
    assert again.status_code == 200, again.content
    second = json.loads(again.content)
    host.send("post", "/api/users/auth/token", body=login | {"password": f"{PASSWORD}?"})
    change = {"current_password": PASSWORD, "new_password": f"{PASSWORD}!"}
    changed = host.send("post", "/api/users/users/me/password", second["access_token"], change)
    assert changed.status_code == 204, changed.content
    return [one[name] for one in (first, second) for name in ("access_token", "refresh_token")]


def of_payments(host: Host) -> list[str]:
    """Pay with a token; return nothing more to look for."""
    staff = host.token("staff", *EVERYTHING)
    amount = {"amount": 1000, "currency": "USD"}
    body = {"order_id": "019ab0c4-4f70-7b11-8e55-0d2c9a7b6e42", "customer": "ann", "amount": amount}
    made = host.send("post", "/api/payments/payment-intents", staff, body)
    assert made.status_code == 201, made.content
    path = f"/api/payments/payment-intents/{json.loads(made.content)['id']}"
    paid = host.send("post", f"{path}:confirm", staff, {"payment_method": PAYMENT_TOKEN})
    assert paid.status_code == 202, paid.content  # the provider is asked when it has committed
    host.send("post", f"{path}:confirm", staff, {"payment_method": CARD, "cvc": "123"})
    return []


FLOWS: dict[str, Callable[[Host], list[str]]] = {"users": of_users, "payments": of_payments}
TOLD = {"users": "shop.user.password_changed.v1", "payments": "shop.payment.authorized.v1"}
"""What their last step tells."""


def told(name: str) -> Iterator[tuple[str, str]]:
    """Yield (column, value) of everything that an app's outbox holds."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(f"{name}_outbox"):
                cursor.execute(f"SELECT * FROM {table}")
                names = [f"{table}.{column[0]}" for column in cursor.description]
                for row in cursor.fetchall():
                    yield from zip(names, map(str, row), strict=True)


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("name", MOUNTS)
def test_no_secret_is_told(
    become: Become, committed: Committed, spans: Any, caplog: Any, capsys: Any, name: str, home: str
) -> None:
    caplog.set_level(logging.DEBUG)
    host = become(name, home)
    exporter = spans()
    token = host.token(account(EMAIL) if name == "users" else "ann", *EVERYTHING)
    with committed():
        everything_sent(host, token)
        given = FLOWS[name](host) if name in FLOWS else []
    logged = "\n".join([caplog.text, *(str(record.__dict__) for record in caplog.records), *capsys.readouterr()])
    exported = "\n".join(span.to_json() for span in exporter.get_finished_spans())
    assert "answered" in logged
    assert f"/api/{name}" in exported
    assert name not in TOLD or TOLD[name] in [value for _, value in told(name)]
    for secret in (*SECRETS, token, *given):
        assert secret not in logged
        assert secret not in exported
        assert [place for place, value in told(name) if secret in value] == []


def test_the_search_finds_what_is_there(become: Become, spans: Any, caplog: Any) -> None:
    """A secret in a path is in the log and in the span: the test above would tell."""
    caplog.set_level(logging.DEBUG)
    host = become("users", "monolith")
    exporter = spans()
    host.send("get", f"/api/users/{CARD}")
    assert CARD in caplog.text
    assert any(CARD in span.to_json() for span in exporter.get_finished_spans())
    account(CARD + "@example.com")
    assert [place for place, value in told("users") if CARD in value] == ["users_outbox.payload"] * 2


def test_no_event_holds_what_proves_an_address(become: Become) -> None:
    """Whoever reads events could take an account over."""
    become("users", "monolith")
    account(EMAIL)
    assert not [value for place, value in told("users") if place.endswith("payload") and '"token"' in value]
