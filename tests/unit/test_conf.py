"""Mistakes in the settings: all at once, each with its place and what to do."""

from copy import deepcopy

import pytest

from strangler.checks import check_settings
from strangler.conf import get_conf, parse
from strangler.errors import SetupError

GOOD = {
    "HOST": "monolith",
    "KEYS": {"2026": "k" * 32},
    "CAPABILITIES": {
        "catalog": {
            "app": "catalog",
            "service_url": "http://127.0.0.1:8101/",
            "databases": {"monolith": "default", "service": "catalog_service"},
            "routes": [{"prefix": "/api/catalog/", "methods": ["GET"], "timeout_s": 3}],
        }
    },
}
DATABASES = ("default", "catalog_service")


def faults(change):
    raw = deepcopy(GOOD)
    change(raw)
    with pytest.raises(SetupError) as error:
        parse(raw, databases=DATABASES)
    return error.value.faults


def catalog(raw):
    return raw["CAPABILITIES"]["catalog"]


def test_good_settings_are_frozen_values():
    conf = parse(GOOD, databases=DATABASES)
    assert conf.home_of("catalog") == "monolith"
    assert conf.upstream_of("catalog") == "http://127.0.0.1:8101"
    assert conf.database_of("catalog") == "default"
    assert conf.homes_at("catalog_service") == [("catalog", "service")]
    with pytest.raises(AttributeError):
        conf.host = "x"


def test_a_peer_is_called_and_nothing_else():
    raw = deepcopy(GOOD) | {
        "HOST": "catalog",
        "MONOLITH_URL": "http://m:8000",
        "MONOLITH_INTERNAL_URL": "http://m:9000",
    }
    catalog(raw)["databases"] = {"service": "default"}
    raw["CAPABILITIES"]["stock"] = {"internal_url": "http://s:9102/"}
    conf = parse(raw, databases=("default",))
    assert conf.own_capabilities == ("catalog",)
    assert conf.internal_url_of("stock", "service") == "http://s:9102"
    assert conf.internal_url_of("stock", "monolith") == "http://m:9000"
    assert conf.internal_url_of("catalog", "service") is None


def complete(raw):
    catalog(raw).update(complete=True, databases={}, internal_url="http://127.0.0.1:9101")
    return catalog(raw)


def test_the_monolith_is_no_home_of_what_is_complete():
    raw = deepcopy(GOOD)
    complete(raw)
    conf = parse(raw, databases=DATABASES)
    assert (conf.home_of("catalog"), conf.own_capabilities, conf.database_of("catalog")) == (None, (), None)
    assert (conf.routed_capabilities, conf.side) == (("catalog",), "monolith")
    assert conf.upstream_of("catalog") == "http://127.0.0.1:8101"


def test_its_service_is():
    raw = deepcopy(GOOD) | {"HOST": "catalog", "MONOLITH_URL": "http://m:8000"}
    complete(raw).update(databases={"service": "default"}, contract="shop.catalog.contract")
    conf = parse(raw, databases=DATABASES)
    assert (conf.home_of("catalog"), conf.own_capabilities, conf.side) == ("service", ("catalog",), "service")
    assert conf.capabilities["catalog"].contract == "shop.catalog.contract"


def test_a_service_host_is_the_other_home():
    raw = {**deepcopy(GOOD), "HOST": "catalog", "MONOLITH_URL": "http://m:8000"}
    catalog(raw)["databases"] = {"service": "default"}
    conf = parse(raw, databases=("default",))
    assert (conf.home_of("catalog"), conf.upstream_of("catalog")) == ("service", "http://m:8000")
    assert conf.database_of("catalog") == "default"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r.pop("KEYS"), "KEYS"),
        (lambda r: r.pop("HOST"), "HOST"),
        (lambda r: r.update(HOST="orders"), "neither"),
        (lambda r: r.update(HOST="catalog"), "MONOLITH_URL"),
        (lambda r: r.update(TYPO=1), "TYPO"),
        (lambda r: r.update(KEYS={"a": "short"}), "32 bytes"),
        (lambda r: r.update(LEASE_S=-1), "positive number"),
        (lambda r: r.update(SWITCH_WAIT_S="15"), "positive number"),
        (lambda r: r.update(INTERNAL_BIND="9000"), "a host and a port"),
        (lambda r: r.update(INTERNAL_BIND="127.0.0.1:0"), "a host and a port"),
        (lambda r: r.update(MONOLITH_INTERNAL_URL="m:9000"), "MONOLITH_INTERNAL_URL"),
        (lambda r: catalog(r).update(internal_url="http://h/path"), "internal_url"),
        (lambda r: r["CAPABILITIES"].update(stock={"internal_url": "http://s:9102"}), "at least one route"),
        (lambda r: r.update(EXPOSE_HEADERS="yes"), "True or False"),
        (lambda r: r.update(CONTROL_DATABASE="nowhere"), "not in DATABASES"),
        (lambda r: r.update(CAPABILITIES=[]), "must map"),
        (lambda r: r["CAPABILITIES"].update({"no-name": {}}), "identifier"),
        (lambda r: r["CAPABILITIES"].update(monolith={}), "other than 'monolith'"),
        (lambda r: catalog(r).pop("routes"), "at least one route"),
        (lambda r: catalog(r).update(routes=[{"prefix": "api"}]), "must be a path"),
        (lambda r: catalog(r).update(routes=["x"]), "must be a dict"),
        (lambda r: catalog(r).update(routes=[{"prefix": "/a", "methods": ["FETCH"]}]), "FETCH"),
        (lambda r: catalog(r).update(routes=[{"prefix": "/a", "kind": "both"}]), "'read' or 'write'"),
        *(
            (lambda r, t=timeout_s: catalog(r).update(routes=[{"prefix": "/a", "timeout_s": t}]), "above 0 and 86400")
            for timeout_s in (0, -1, "3", True, 1e15, float("nan"), float("inf"))
        ),
        (lambda r: r.update(KUBERNETES_NAMESPACE="Shop"), "KUBERNETES_NAMESPACE"),
        (lambda r: r.update(KUBERNETES_NAMESPACE="a/b"), "KUBERNETES_NAMESPACE"),
        (lambda r: r.update(KUBERNETES_GATEWAY="a/b/c"), "KUBERNETES_GATEWAY"),
        (lambda r: r.update(KUBERNETES_GATEWAY="infra/"), "KUBERNETES_GATEWAY"),
        (lambda r: r.update(PUBLIC_HOSTS=["shop.example", "https://shop.example"]), "not 'https://shop.example'"),
        (lambda r: r.update(PUBLIC_HOSTS=["a.*.example"]), "PUBLIC_HOSTS"),
        (lambda r: r.update(PUBLIC_HOSTS="shop.example"), "list of strings"),
        (lambda r: r.update(AFFINITY_HEADER="X Tenant"), "AFFINITY_HEADER"),
        (lambda r: r.update(TRUST_FORWARDED="yes"), "True or False"),
        (lambda r: catalog(r).update(service_url="127.0.0.1:8101"), "address"),
        (lambda r: catalog(r).update(service_url="http://h/path"), "address"),
        (lambda r: catalog(r).update(databases={"monolith": "default", "service": "default"}), "two homes need two"),
        (lambda r: catalog(r).update(databases={"monolith": "nowhere"}), "not in DATABASES"),
        (lambda r: catalog(r).update(databases={"edge": "default"}), "no home"),
        (lambda r: catalog(r).update(databases={}), "name its database"),
        (lambda r: catalog(r).update(complete="yes"), "must be True or False, not 'yes'"),
        (lambda r: catalog(r).update(contract=None), "must be the name of a package"),
        (lambda r: complete(r).update(databases={"monolith": "default"}), "its service alone has rows"),
        (lambda r: complete(r).update(databases={"service": "default"}), "its service alone has rows"),
        (lambda r: complete(r).update(service_url=None), "nobody but its service answers"),
        (lambda r: complete(r).update(internal_url=None), "nobody but its service answers"),
        (lambda r: r["CAPABILITIES"].update(other={**catalog(r), "app": "other"}), "claimed by 'catalog' as well"),
    ],
)
def test_each_mistake_is_named(change, expected):
    assert any(expected in fault for fault in faults(change)), faults(change)


def test_all_mistakes_are_named_at_once():
    def spoil(raw):
        raw.update(TYPO=1, LEASE_S=0, KEYS={})
        catalog(raw).update(service_url="x", routes=[{"prefix": ""}])

    assert len(faults(spoil)) == 5


def test_settings_that_are_no_dict_are_refused():
    with pytest.raises(SetupError, match="must be a dict"):
        parse([], databases=())


def test_the_system_check_reports_every_mistake(settings):
    settings.STRANGLER = {**settings.STRANGLER, "TYPO": 1, "LEASE_S": -1}
    found = check_settings(None)
    assert [m.id for m in found] == ["strangler.E001"] * 2


def test_missing_settings_are_said(settings):
    del settings.STRANGLER
    with pytest.raises(SetupError, match=r"settings\.STRANGLER is missing"):
        get_conf()


def test_the_system_check_is_content_with_the_test_settings():
    assert check_settings(None) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"MIDDLEWARE": []}, "strangler.E002"),
        ({"MIDDLEWARE": ["x.Y", "strangler.proxy.StranglerMiddleware"]}, "strangler.W001"),
        (
            {"DATABASES": {a: {"ENGINE": "django.db.backends.sqlite3"} for a in ("default", "sample_service")}},
            "strangler.E004",
        ),
        (
            {"DATABASES": {a: {"ENGINE": "django.db.backends.mysql"} for a in ("default", "sample_service")}},
            "strangler.E005",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
def test_what_stands_around_the_settings_is_checked(settings, change, expected):
    for name, value in change.items():
        setattr(settings, name, value)
    assert expected in {m.id for m in check_settings(None)}


def test_an_app_that_is_not_installed_is_named(settings):
    from tests.integration.conftest import change_capability

    change_capability(settings, app="ghost")
    assert "strangler.E003" in {m.id for m in check_settings(None)}


@pytest.mark.parametrize("limit_s", [0.5, 0, -1, "5"])
def test_lag_that_nobody_could_see_in_time_is_no_limit(limit_s):
    """Looks at a stream are a quarter of a second apart."""
    (fault,) = faults(lambda raw: raw.update(LAG_LIMIT_S=limit_s))
    assert "LAG_LIMIT_S" in fault
