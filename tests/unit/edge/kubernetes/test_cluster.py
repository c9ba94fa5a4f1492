from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from strangler.conf import Conf, parse
from strangler.edge.kubernetes.cluster import Service, cluster_of
from strangler.errors import SetupError


def conf(*, service_url: str | None = None, internal_url: str | None = None, **more: Any) -> Conf:
    entry = {"databases": {"monolith": "default"}, "routes": [{"prefix": "/a"}]}
    urls = {"service_url": service_url, "internal_url": internal_url}
    entry |= {key: url for key, url in urls.items() if url}
    raw = {"HOST": "monolith", "KEYS": {"k": "k" * 32}, "CAPABILITIES": {"stock_levels": entry}, **more}
    return parse(raw, databases=("default",))


@pytest.mark.parametrize(("url", "service"), [
    ("http://127.0.0.1:8101", Service("stock-levels", "default", 80)),
    ("http://localhost:8101", Service("stock-levels", "default", 80)),
    ("http://[::1]:8101", Service("stock-levels", "default", 80)),
    ("http://stock", Service("stock", "default", 80)),
    ("http://stock:8101", Service("stock", "default", 8101)),
    ("http://stock.sales:8101", Service("stock", "sales", 8101)),
    ("http://stock.sales.svc", Service("stock", "sales", 80)),
    ("http://stock.sales.svc.cluster.local:81", Service("stock", "sales", 81)),
])  # fmt: skip
def test_an_address_names_a_service(url: str, service: Service) -> None:
    """One of this machine says nothing of a cluster; there the Service is called as its capability."""
    assert cluster_of(conf(service_url=url)).services == {"stock_levels": service}


@pytest.mark.parametrize("url", ["http://stock.shop.example.com", "http://10.0.0.7:80", "http://Stock_1"])
def test_an_address_of_something_else_is_a_fault(url: str) -> None:
    with pytest.raises(SetupError, match=r"\['stock_levels'\]\['service_url'\]: .* names no Service"):
        cluster_of(conf(service_url=url))


def test_the_settings_say_where_things_are() -> None:
    found = cluster_of(
        conf(
            service_url="http://stock",
            internal_url="http://stock:9102",
            MONOLITH_URL="http://web:8000",
            MONOLITH_INTERNAL_URL="http://web:9000",
            KUBERNETES_NAMESPACE="shop",
            KUBERNETES_GATEWAY="infra/public",
            PUBLIC_HOSTS=["shop.example"],
            AFFINITY_HEADER="X-Tenant",
        )
    )
    assert found.monolith == Service("web", "shop", 8000, 9000)
    assert found.services == {"stock_levels": Service("stock", "shop", 80, 9102)}
    assert (found.gateway_namespace, found.gateway_name) == ("infra", "public")
    assert (found.namespace, found.hosts, found.affinity_header) == ("shop", ("shop.example",), "X-Tenant")


def test_a_namespace_that_is_asked_for_counts_more_than_the_settings() -> None:
    found = cluster_of(conf(KUBERNETES_NAMESPACE="shop"), "staging")
    assert (found.namespace, found.monolith.namespace, found.gateway_namespace) == ("staging", "staging", "staging")


def test_sessions_count_where_django_has_them() -> None:
    assert cluster_of(conf()).session_cookie is None
    with override_settings(
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"], SESSION_COOKIE_NAME="sid"
    ):
        assert cluster_of(conf()).session_cookie == "sid"
