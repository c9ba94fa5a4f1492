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


PARCELS = Capability(
    "parcels",
    "tests.integration.complete.app",
    contract="tests.integration.complete.parcels.contract",
    complete=True,
)


def test_a_monolith_has_of_a_complete_capability_what_calls_and_routes_need(env):
    settings = host_settings(Host("monolith", [CATALOG, PARCELS]), env)
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert conf.own_capabilities == ("catalog",)
    assert [route.prefix for route in conf.capabilities["parcels"].routes] == ["/api/parcels/"]
    assert (conf.capabilities["parcels"].service_url, conf.capabilities["parcels"].app) == (
        "http://127.0.0.1:8101",
        "parcels",
    )
    assert "tests.integration.complete.parcels.contract" in conf.contracts
    assert "tests.integration.complete.app" not in settings["INSTALLED_APPS"]
    assert set(settings["DATABASES"]) == {"default", "catalog_service"}
    assert settings["HOSTING"]["queues"] == ("monolith", "catalog.monolith")
    assert not [name for name in settings["CELERY_BEAT_SCHEDULE"] if name.startswith("parcels")]
    assert "PARCELS_NOTE" not in settings
    assert list(settings["HOSTING"]["mounts"]) == ["api/catalog/"]


def test_the_service_of_a_complete_capability_has_all_of_it(env):
    settings = host_settings(Host("parcels", [PARCELS]), env)
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert (conf.own_capabilities, conf.capabilities["parcels"].complete) == (("parcels",), True)
    assert conf.capabilities["parcels"].databases == {"service": "default"}
    assert settings["HOSTING"]["mounts"] == {"api/parcels/": "tests.integration.complete.app.urls"}
    assert (settings["PARCELS_NOTE"], "parcels.count" in settings["CELERY_BEAT_SCHEDULE"]) == ("from the app", True)


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
    assert transport["unacked_mutex_expire"] < transport["visibility_timeout"], "a worker may die while it looks"
    assert settings["CELERY_TASK_ALWAYS_EAGER"] is False


def test_a_service_host_has_no_rows_of_django_itself(env):
    installed = host_settings(SERVICE, env)["INSTALLED_APPS"]
    assert not [name for name in installed if name.startswith("django.contrib.") and "staticfiles" not in name]


def test_an_app_takes_settings_from_the_environment_and_a_name_says_how_it_is_read(env):
    """Every host that carries the app has them, with words for development; a secret is required in production."""
    shipping = Capability("shipping", "extracted.shipping", contract="monolith.shipping.contract")
    for host in (Host("monolith", [CATALOG, shipping]), Host("shipping", [shipping])):
        settings = host_settings(host, env)
        assert settings["SHIPPING_CARRIERS_URL"] == "http://127.0.0.1:8305"
        assert len(settings["SHIPPING_WEBHOOK_SECRET"]) >= 32
        given = env | {"SHIPPING_CARRIERS_URL": "https://carriers.example", "SHIPPING_WEBHOOK_SECRET": "s" * 32}
        settings = host_settings(host, given)
        assert settings["SHIPPING_CARRIERS_URL"] == "https://carriers.example"
        assert settings["SHIPPING_WEBHOOK_SECRET"] == "s" * 32
    assert "SHIPPING_CARRIERS_URL" not in host_settings(MONOLITH, env)


def test_what_is_wrong_with_an_apps_settings_is_said_with_everything_else(env):
    host = Host("shipping", [Capability("shipping", "extracted.shipping", contract="monolith.shipping.contract")])
    with pytest.raises(SetupError) as error:
        host_settings(host, env | {"DEBUG": "false", "SHIPPING_CARRIERS_URL": "carriers"})
    said = " ".join(error.value.faults)
    assert "SHIPPING_CARRIERS_URL: must be an address" in said
    assert "SHIPPING_WEBHOOK_SECRET: is required" in said
    with pytest.raises(SetupError, match="SHIPPING_WEBHOOK_SECRET: must have at least 32 bytes"):
        host_settings(host, env | {"SHIPPING_WEBHOOK_SECRET": "short"})


def test_keys_come_from_a_file_beside_which_the_private_ones_lie(env, tmp_path):
    settings = host_settings(SERVICE, env)
    assert settings["STRANGLER"]["SUBJECT_JWKS"] == str(tmp_path / "keys" / "jwks.json")
    assert settings["HOSTING"]["keys_dir"] == tmp_path / "keys"
    elsewhere = host_settings(SERVICE, env | {"JWKS_FILE": "/etc/issuer/jwks.json"})
    assert elsewhere["HOSTING"]["keys_dir"] == Path("/etc/issuer")


def test_keys_come_from_an_address_when_one_is_given(env):
    url = "https://shop.example/.well-known/jwks.json"
    assert host_settings(SERVICE, env | {"JWKS_URL": url})["STRANGLER"]["SUBJECT_JWKS"] == url


@pytest.mark.parametrize(
    "url", ["shop.example/keys", "ftp://shop.example/keys", "https://shop.example", "https:///keys"]
)
def test_address_of_keys_must_be_one(env, url):
    with pytest.raises(SetupError, match="JWKS_URL"):
        host_settings(SERVICE, env | {"JWKS_URL": url})


def test_a_cluster_and_an_edge_are_said_by_the_environment(env):
    env |= {
        "KUBERNETES_NAMESPACE": "shop",
        "KUBERNETES_GATEWAY": "infra/public",
        "PUBLIC_HOSTS": "shop.example, *.shop.example",
        "AFFINITY_HEADER": "X-Tenant",
        "TRUST_FORWARDED": "true",
    }
    settings = host_settings(MONOLITH, env)
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert (conf.kubernetes_namespace, conf.kubernetes_gateway) == ("shop", "infra/public")
    assert conf.public_hosts == ("shop.example", "*.shop.example")
    assert (conf.affinity_header, conf.trust_forwarded) == ("X-Tenant", True)


def test_without_variables_nobody_in_front_is_trusted_and_names_are_the_usual_ones(env):
    settings = host_settings(MONOLITH, env)
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert (conf.kubernetes_namespace, conf.kubernetes_gateway) == ("default", "public")
    assert (conf.public_hosts, conf.affinity_header, conf.trust_forwarded) == ((), None, False)


def test_a_monolith_with_a_server_knows_a_services_database_by_name_alone(env):
    """In production only the mover is told of both homes; without any server, files beside each other need no names."""
    assert "catalog_service" in host_settings(MONOLITH, env)["DATABASES"]
    env |= {"MONOLITH_DATABASE_URL": "postgresql://monolith:word@127.0.0.1/monolith"}
    settings = host_settings(MONOLITH, env)
    assert "catalog_service" not in settings["DATABASES"]
    conf = parse(settings["STRANGLER"], databases=tuple(settings["DATABASES"]))
    assert conf.capabilities["catalog"].databases == {"monolith": "default"}
    env |= {"CATALOG_DATABASE_URL": "postgresql://catalog:word@127.0.0.1/catalog"}
    assert "catalog_service" in host_settings(MONOLITH, env)["DATABASES"]
