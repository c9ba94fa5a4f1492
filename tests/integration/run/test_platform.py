"""What a running platform shows about itself: traces, logs, figures, identity, tasks."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from tests.integration.run.conftest import eventually

pytestmark = pytest.mark.platform
PRODUCTS = "/api/catalog/products?limit=1"


def log_lines(platform, name):
    file: Path = platform.run_dir / "logs" / f"{name}.log"
    return [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]


def traceparent():
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def test_a_trace_crosses_the_hop_and_reaches_the_receiver(moved, receiver):
    """One trace in two processes: client -> monolith -> catalog -> its database, each the parent of the next."""
    sent = traceparent()
    _, trace_id, client_span, _ = sent.split("-")
    answer = requests.get(moved.sites["monolith"].url + PRODUCTS, headers={"traceparent": sent}, timeout=30)
    assert answer.headers["Strangler-Home"] == "service"

    def by_host():
        found = {}
        for span in receiver.of(trace_id):
            found.setdefault(span["service"], []).append(span)
        served = [s for s in found.get("catalog", []) if "django" in s["scope"]]
        queried = [s for s in found.get("catalog", []) if "psycopg" in s["scope"]]
        entered = [s for s in found.get("monolith", []) if "django" in s["scope"]]
        return (entered, served, queried) if entered and served and queried else None

    (entered, *_), (served, *_), queries = eventually(by_host)
    assert entered["parent"] == client_span
    assert served["parent"] == entered["span"]
    assert {query["parent"] for query in queries} == {served["span"]}


ASK = """
from opentelemetry import trace
from monolith.catalog.contract import catalog
with trace.get_tracer("test").start_as_current_span("asks") as span:
    catalog().skus(limit=1)
trace.get_tracer_provider().force_flush()
made = span.get_span_context()
print(f"{made.trace_id:032x} {made.span_id:016x}")
"""


def test_a_call_between_hosts_is_in_the_trace_the_log_and_the_figures(moved, receiver):
    """Whoever calls a capability that has left sees its work as a part of their own."""
    said = moved.manage("shell", "--no-imports", "-c", ASK)
    made = re.search(r"^([0-9a-f]{32}) ([0-9a-f]{16})$", said, re.MULTILINE)
    assert made, said
    trace_id, asking = made.groups()

    def served_and_queried():
        of_catalog = [span for span in receiver.of(trace_id) if span["service"] == "catalog"]
        served = [span for span in of_catalog if "wsgi" in span["scope"]]
        queried = [span for span in of_catalog if "psycopg" in span["scope"]]
        return (served, queried) if served and queried else None

    ([served], queries) = eventually(served_and_queried)
    assert served["parent"] == asking
    assert {query["parent"] for query in queries} == {served["span"]}

    route = "/calls/catalog/skus"
    (line,) = [line for line in log_lines(moved, "catalog") if line.get("trace_id") == trace_id]
    assert (line["event"], line["route"], line["status_code"]) == ("answered", route, 200)
    figures = requests.get(f"{moved.sites['catalog'].url}/metrics", timeout=30).text
    assert f'http_requests_total{{method="POST",route="{route}",status_code="200"}}' in figures


def test_valkey_is_traced(platform, receiver):
    sent = traceparent()
    cookies = {"sessionid": secrets.token_hex(16)}
    requests.get(platform.url + "/admin/", cookies=cookies, headers={"traceparent": sent}, timeout=30)
    eventually(lambda: [s for s in receiver.of(sent.split("-")[1]) if "redis" in s["scope"]])


def test_both_homes_log_one_request_under_the_same_ids(moved):
    request_id = f"test-{secrets.token_hex(6)}"
    requests.get(moved.sites["monolith"].url + PRODUCTS, headers={"X-Request-ID": request_id}, timeout=30)

    def line_of(name):
        return next((line for line in log_lines(moved, name) if line.get("request_id") == request_id), None)

    monolith, catalog = eventually(lambda: line_of("monolith")), eventually(lambda: line_of("catalog"))
    assert monolith["trace_id"] == catalog["trace_id"]
    assert monolith["span_id"] != catalog["span_id"]
    assert (monolith["host"], catalog["host"]) == ("monolith", "catalog")
    assert monolith["served_by"] == "service"


def test_figures_name_route_templates(platform):
    slug = requests.get(platform.url + PRODUCTS, timeout=30).json()["data"][0]["slug"]
    requests.get(f"{platform.url}/api/catalog/products/{slug}", timeout=30)
    figures = requests.get(f"{platform.url}/metrics", timeout=30).text
    route = "/api/catalog/products/<slug:ref>"
    assert re.search(rf'http_requests_total{{method="GET",route="{route}",status_code="200"}} [1-9]', figures)
    assert f'http_request_duration_seconds_count{{method="GET",route="{route}",status_code="200"}}' in figures
    assert slug not in figures


def test_tokens_and_secrets_are_not_logged(platform):
    token = platform.token()
    body = {"slug": "no", "name": "no"}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k-" + secrets.token_hex(4)}
    requests.post(f"{platform.url}/api/catalog/categories?note={token}", json=body, headers=headers, timeout=30)
    written = "".join(file.read_text() for file in (platform.run_dir / "logs").glob("*.log"))
    known = json.loads((platform.run_dir / "keys" / "secrets.json").read_text())
    assert token not in written
    assert not [name for name, secret in known.items() if secret in written]


def sign_in(platform):
    """Return a browser that is signed in to the admin, as the screen says."""
    user, password = platform.admin
    browser = requests.Session()
    page = browser.get(f"{platform.url}/admin/login/", timeout=30)
    form = {
        "username": user, "password": password, "next": "/admin/",
        "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1],
    }  # fmt: skip
    answer = browser.post(f"{platform.url}/admin/login/", data=form, timeout=30)
    assert answer.url.endswith("/admin/"), answer.text[:500]
    return browser


def write_as(browser, platform, **headers):
    body = {"slug": f"c-{secrets.token_hex(4)}", "name": "By session"}
    headers = {"Idempotency-Key": secrets.token_hex(8), "Referer": platform.url, **headers}
    return browser.post(f"{platform.url}/api/catalog/categories", json=body, headers=headers, timeout=30)


@pytest.mark.parametrize("home", ["monolith", "service"])
def test_a_session_writes_in_either_home_and_only_with_csrf(home, platform, request):
    """R22: the service has no users and no sessions, and yet knows who writes."""
    if home == "service":
        request.getfixturevalue("moved")
    browser = sign_in(platform)
    assert write_as(browser, platform).status_code == 403
    answer = write_as(browser, platform, **{"X-CSRFToken": browser.cookies["csrftoken"]})
    assert (answer.status_code, answer.headers["Strangler-Home"]) == (201, home), answer.text


def send_task(platform, queue):
    platform.manage(
        "shell", "--no-imports", "-c",
        "from strangler.hosting.celery import app; "
        f"app.send_task('catalog.purge_idempotency', queue='{queue}')",
    )  # fmt: skip


def outcomes(platform, worker):
    """What became of the catalog's ticks: `purged`, or `skipped` with the reason cut off."""
    loggers = {"monolith.catalog.tasks", "strangler.events.tasks"}
    said = [line["event"] for line in log_lines(platform, worker) if line.get("logger") in loggers]
    return [event.removeprefix("catalog.purge_idempotency ").partition(":")[0] for event in said]


def test_only_the_owners_worker_works(moved):
    """R14: a non-owner's tick is skipped."""
    before = {name: len(outcomes(moved, name)) for name in ("worker", "catalog-worker")}
    send_task(moved, "monolith")
    send_task(moved, "catalog")
    assert eventually(lambda: outcomes(moved, "worker")[before["worker"] :]) == ["skipped"]
    assert eventually(lambda: outcomes(moved, "catalog-worker")[before["catalog-worker"] :]) == ["purged"]


def test_a_task_comes_back_when_its_worker_was_killed(platform):
    """The settings of Celery on Valkey that really redeliver: without them this takes an hour."""
    before = len(outcomes(platform, "worker"))
    broker = redis.Redis.from_url(platform.environment["BROKER_URL"])
    with psycopg.connect(platform.environment["MONOLITH_DATABASE_URL"]) as lock:
        lock.execute("LOCK TABLE catalog_idempotency")
        send_task(platform, "monolith")
        eventually(lambda: broker.hlen("unacked") == 1)
        running = platform.supervisor.programs["worker"]
        os.killpg(running.pid, signal.SIGKILL)
        running.process.wait()
        lock.rollback()
    platform.supervisor.start_again("worker")
    assert eventually(lambda: outcomes(platform, "worker")[before:], 60) == ["purged"]
    eventually(lambda: broker.hlen("unacked") == 0)
    broker.close()


def test_hosts_answer_the_published_keys(platform):
    answer = requests.get(f"{platform.url}/.well-known/jwks.json", timeout=30)
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    assert answer.json()["keys"][0]["alg"] == "ES256"


def test_the_shop_asks_nobody_else(platform):
    page = requests.get(platform.url, timeout=30)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert not [part for part in parts if not part.startswith(("/", "#"))]
    for part in parts:
        if part.startswith("/static/"):
            assert requests.get(platform.url + part, timeout=30).status_code == 200, part
