"""Hosts are derived: ten lines say what one serves, the environment says where things are."""

import ast
from pathlib import Path

import pytest

from strangler.conf import parse
from strangler.errors import SetupError
from strangler.hosting.host import Capability, Host
from strangler.hosting.settings import host_settings

ROOT = Path(__file__).resolve().parents[3]
CATALOG = Capability("catalog", "monolith.catalog")
MONOLITH, SERVICE = Host("monolith", [CATALOG]), Host("catalog", [CATALOG])


@pytest.fixture
def env(tmp_path):
    return {"RUN_DIR": str(tmp_path)}


def test_a_service_host_is_about_ten_lines():
    lines = (ROOT / "extracted/catalog/settings.py").read_text().splitlines()
    assert len(lines) <= 10
    assert "service_settings" in ast.dump(ast.parse("\n".join(lines)))


@pytest.mark.parametrize("host", [MONOLITH, SERVICE], ids=lambda host: host.name)
def test_derived_settings_satisfy_the_toolkit(host, env):
    settings = host_settings(host, env)
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert conf.host == host.name
    assert conf.own_capabilities == ("catalog",)


def test_a_host_takes_calls_where_its_internal_address_points(env):
    bound = [host_settings(host, env)["STRANGLER"]["INTERNAL_BIND"] for host in (MONOLITH, SERVICE)]
    assert bound == ["127.0.0.1:9000", "127.0.0.1:9101"]
    env |= {"CATALOG_INTERNAL_URL": "http://10.0.0.7:9200"}
    assert host_settings(SERVICE, env)["STRANGLER"]["INTERNAL_BIND"] == "10.0.0.7:9200"
    env |= {"INTERNAL_BIND": "0.0.0.0:9300"}
    assert host_settings(SERVICE, env)["STRANGLER"]["INTERNAL_BIND"] == "0.0.0.0:9300"


@pytest.mark.parametrize(("host", "public"), [(MONOLITH, "127.0.0.1:8000"), (SERVICE, "127.0.0.1:8101")])
def test_calls_are_never_taken_in_public(host, public, env):
    """R21: a port of its own, so that no edge can be configured to let calls in."""
    with pytest.raises(SetupError, match=f"INTERNAL_BIND: {public} is the public address"):
        host_settings(host, env | {"INTERNAL_BIND": public})


def test_a_peer_is_known_by_where_it_takes_calls_and_by_nothing_else(env):
    host = Host("catalog", [CATALOG], peers={"pricing": 9103})
    assert host_settings(host, env)["STRANGLER"]["CAPABILITIES"]["pricing"] == {"internal_url": "http://127.0.0.1:9103"}
    settings = host_settings(host, env | {"PRICING_INTERNAL_URL": "http://pricing:9000"})
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert conf.internal_url_of("pricing", "service") == "http://pricing:9000"
    assert conf.internal_url_of("pricing", "monolith") == "http://127.0.0.1:9000"
    assert conf.own_capabilities == ("catalog",)


def test_homes_name_the_same_two_databases(env):
    env |= {"MONOLITH_DATABASE_URL": "postgresql://u:p@h:1/m", "CATALOG_DATABASE_URL": "postgresql://u:p@h:1/c"}
    monolith, service = host_settings(MONOLITH, env)["DATABASES"], host_settings(SERVICE, env)["DATABASES"]
    assert monolith["default"] == service["control"]
    assert monolith["catalog_service"] == service["default"]


def test_hosts_agree_on_routes_and_shared_secrets(env):
    monolith, service = host_settings(MONOLITH, env), host_settings(SERVICE, env)
    for name in ("routes", "service_url", "app"):
        of_monolith = monolith["STRANGLER"]["CAPABILITIES"]["catalog"][name]
        assert of_monolith == service["STRANGLER"]["CAPABILITIES"]["catalog"][name]
    assert monolith["STRANGLER"]["KEYS"] == service["STRANGLER"]["KEYS"]
    assert monolith["SECRET_KEY"] == service["SECRET_KEY"]


def test_without_variables_a_host_runs_on_sqlite_that_locks_at_begin(env, tmp_path):
    database = host_settings(SERVICE, env)["DATABASES"]["default"]
    assert database["NAME"] == str(tmp_path / "sqlite" / "catalog.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_postgresql_connections_are_pooled(env):
    env |= {"CATALOG_DATABASE_URL": "postgresql://u:s%40f@h:1/c?sslmode=require", "DATABASE_POOL_SIZE": "7"}
    database = host_settings(SERVICE, env)["DATABASES"]["default"]
    assert database["PASSWORD"] == "s@f"
    assert database["OPTIONS"] == {"sslmode": "require", "pool": {"min_size": 1, "max_size": 7, "timeout": 10}}
    assert database["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize("url", ["mysql://u@h/d", "postgresql://u@h/", "nonsense"])
def test_a_wrong_database_address_is_named_without_its_password(url, env):
    with pytest.raises(SetupError, match="CATALOG_DATABASE_URL"):
        host_settings(SERVICE, env | {"CATALOG_DATABASE_URL": url})


def test_production_asks_for_every_secret_at_once(env):
    with pytest.raises(SetupError) as caught:
        host_settings(SERVICE, env | {"DEBUG": "false", "DRAIN_S": "soon", "MONOLITH_URL": "nowhere"})
    named = {fault.partition(":")[0] for fault in caught.value.faults}
    assert named >= {"SECRET_KEY", "STRANGLER_KEYS", "MONOLITH_URL"}


def test_sessions_are_shared_between_hosts_and_cached_data_is_not(env):
    env |= {"CACHE_URL": "redis://127.0.0.1:1/0"}
    monolith, service = host_settings(MONOLITH, env)["CACHES"], host_settings(SERVICE, env)["CACHES"]
    assert monolith["sessions"] == service["sessions"]
    assert "KEY_FUNCTION" not in monolith["sessions"]
    assert monolith["default"]["KEY_PREFIX"] != service["default"]["KEY_PREFIX"]


def test_a_killed_workers_task_is_looked_for_every_second_and_later_than_the_longest_task(env):
    settings = host_settings(SERVICE, env | {"BROKER_URL": "redis://127.0.0.1:1/0"})
    transport = settings["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert settings["CELERY_TASK_ACKS_LATE"] is True
    assert (transport["unacked_restore_interval"], transport["unacked_restore_throttle"]) == (1, 1)
    assert transport["visibility_timeout"] > settings["CELERY_TASK_TIME_LIMIT"]
    assert settings["CELERY_TASK_ALWAYS_EAGER"] is False


def test_a_service_host_has_no_rows_of_django_itself(env):
    installed = host_settings(SERVICE, env)["INSTALLED_APPS"]
    assert not [name for name in installed if name.startswith("django.contrib.") and "staticfiles" not in name]
