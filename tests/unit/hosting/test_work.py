"""A process that serves no requests is asked after as a host is."""

import json
import urllib.error
import urllib.request

import pytest

from strangler.hosting import health, work


@pytest.fixture(scope="module")
def url():
    return f"http://127.0.0.1:{work.watch('127.0.0.1', 0)}"


@pytest.fixture
def ready(monkeypatch):
    monkeypatch.setattr(health, "_database", lambda: health.OK)
    monkeypatch.setattr(health, "_migrations", lambda: health.OK)


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz"])
def test_it_answers_what_a_host_answers(url, ready, path):
    status, body = ask(url + path)
    assert (status, json.loads(body)["status"]) == (200, "ok")


def test_it_is_not_ready_before_its_tables_are_there(url, ready, monkeypatch):
    monkeypatch.setattr(health, "_migrations", lambda: "3 not applied")
    assert [ask(url + path)[0] for path in ("/startupz", "/readyz", "/livez")] == [503, 503, 200]


@pytest.mark.django_db(transaction=True)
def test_it_tells_its_figures_and_nothing_else(url):
    assert "python_info" in ask(f"{url}/metrics")[1]
    assert ask(f"{url}/api/catalog/products")[0] == 404
