"""Health is measured, never constant."""

import json
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.test import RequestFactory, override_settings

from strangler.hosting import draining, health


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch):
    monkeypatch.setattr(health, "_migrated", set())


def ask(view):
    answer = view(RequestFactory().get("/"))
    return answer.status_code, json.loads(answer.content)


def dead_database():
    def cursor():
        raise DatabaseError("connection to server at 10.0.0.7 failed for user strangler")

    return {"default": SimpleNamespace(cursor=cursor)}


@pytest.mark.django_db
def test_ready_when_everything_is_there():
    status, body = ask(health.readyz)
    assert status == 200
    assert body["checks"] == {"draining": "ok", "database": "ok", "migrations": "ok", "broker": "off"}


def test_not_ready_without_database_and_nothing_is_given_away(monkeypatch):
    monkeypatch.setattr(health, "connections", dead_database())
    monkeypatch.setattr(health, "MigrationExecutor", lambda connection: connection.cursor())
    status, body = ask(health.readyz)
    assert status == 503
    assert body["checks"]["database"] == "unreachable"
    assert "strangler" not in json.dumps(body)
    assert ask(health.startupz)[0] == 503


def test_alive_without_database(monkeypatch):
    monkeypatch.setattr(health, "connections", dead_database())
    status, body = ask(health.livez)
    assert status == 200
    assert body["uptime_s"] >= 0


@pytest.mark.django_db
def test_not_ready_while_migrations_wait(monkeypatch):
    executor = SimpleNamespace(
        loader=SimpleNamespace(graph=SimpleNamespace(leaf_nodes=list)), migration_plan=lambda _: ["0001", "0002"]
    )
    monkeypatch.setattr(health, "MigrationExecutor", lambda connection: executor)
    status, body = ask(health.readyz)
    assert (status, body["checks"]["migrations"]) == (503, "2 not applied")


@pytest.mark.django_db
@override_settings(HOSTING={"broker_url": "redis://127.0.0.1:9/0"})
def test_a_dead_broker_degrades_and_keeps_ready():
    status, body = ask(health.readyz)
    assert (status, body["status"], body["checks"]["broker"]) == (200, "degraded", "unreachable")


@pytest.mark.django_db
def test_not_ready_while_going_away(monkeypatch, tmp_path):
    monkeypatch.setenv(draining.VARIABLE, str(tmp_path))
    assert ask(health.readyz)[0] == 200
    draining.begin()
    status, body = ask(health.readyz)
    assert (status, body["checks"]["draining"]) == (503, "going away")
    assert ask(health.livez)[0] == 200
