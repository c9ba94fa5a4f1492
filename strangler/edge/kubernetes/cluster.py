"""The Kubernetes cluster as the settings describe it: where objects go, and which Services they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from strangler.conf import MONOLITH_HOST, Conf, Home
from strangler.edge.sessions import session_cookie
from strangler.errors import SetupError
from strangler.routing import CapabilityState, Route, Table

PORT = 80
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123 2.1


@dataclass(frozen=True, slots=True)
class Service:
    """
    A Service behind which a home runs.

    Attributes:
        internal_port: where the home takes calls of other hosts; None where the settings do not say.
    """

    name: str
    namespace: str
    port: int
    internal_port: int | None = None

    @property
    def fqdn(self) -> str:
        """The name by which every namespace finds it."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class Cluster:
    """
    What rendered objects say beside the table.

    Attributes:
        gateway: name of the Gateway, or `namespace/name`.
        hosts: public host names; empty for whatever the gateway listens to.
        services: of the capabilities that have one.
        session_cookie: whoever sends it is known to the monolith alone (R22); None where there are no sessions.
        affinity_header: requests with the same value of it reach the same replica; None spreads them by load.
    """

    namespace: str
    gateway: str
    hosts: tuple[str, ...]
    monolith: Service
    services: Mapping[str, Service]
    timeout_s: float = 30.0
    connect_timeout_s: float = 1.0
    max_connections: int = 64
    session_cookie: str | None = None
    affinity_header: str | None = None

    @property
    def gateway_namespace(self) -> str:
        """Where the Gateway lives."""
        namespace, _, name = self.gateway.rpartition("/")
        return namespace if name and namespace else self.namespace

    @property
    def gateway_name(self) -> str:
        """The Gateway's name alone."""
        return self.gateway.rpartition("/")[2]

    @property
    def namespaces(self) -> frozenset[str]:
        """Where objects and Services can be."""
        return frozenset({self.namespace, self.monolith.namespace, *(s.namespace for s in self.services.values())})

    def service_of(self, capability: str, home: Home) -> Service:
        """
        Return the Service of a home.

        Raises:
            SetupError: the capability's service has no address.
        """
        if home == "monolith":
            return self.monolith
        try:
            return self.services[capability]
        except KeyError:
            name = f"STRANGLER['CAPABILITIES'][{capability!r}]['service_url']"
            raise SetupError(
                [f"{name}: is not set, but the service is asked for: name its Service, as http://NAME.NAMESPACE:PORT."]
            ) from None

    def homes_of(self, state: CapabilityState) -> list[tuple[Service, int]]:
        """Return the Services of a capability's homes with their percentage of its requests, 100 or 0."""
        if state.stage == "complete":
            return [(self.service_of(state.name, "service"), 100)]
        homes = [(self.monolith, 100 if state.writer == "monolith" else 0)]
        if state.stage != "monolith":
            homes.append((self.service_of(state.name, "service"), 100 - homes[0][1]))
        return homes

    def patience_s(self, route: Route) -> float:
        """Return how long to wait for an answer: a little longer than homes do, so that theirs is what is seen."""
        return (route.timeout_s or self.timeout_s) + self.connect_timeout_s

    def services_in_use(self, table: Table) -> list[Service]:
        """Return the Services that a table leads to, each once, the monolith's first."""
        found = {self.monolith: True}
        for state in table.capabilities.values():
            found.update((service, True) for service, _ in self.homes_of(state))
        return list(found)


def cluster_of(conf: Conf, namespace: str | None = None) -> Cluster:
    """
    Return the cluster that the settings describe.

    Raises:
        SetupError: with every address or name that Kubernetes could not have.
    """
    faults: list[str] = []
    namespace = namespace or conf.kubernetes_namespace

    def service(owner: str, url: str | None, internal_url: str | None, where: str) -> Service | None:
        try:
            return _service(owner, url, internal_url, namespace)
        except (ValueError, SetupError) as error:
            faults.append(f"{where}: {error}")
            return None

    monolith = service(MONOLITH_HOST, conf.monolith_url, conf.monolith_internal_url, "STRANGLER['MONOLITH_URL']")
    services = {}
    for name, known in conf.capabilities.items():
        where = f"STRANGLER['CAPABILITIES'][{name!r}]['service_url']"
        if known.service_url and (found := service(name, known.service_url, known.internal_url, where)):
            services[name] = found
    if faults or monolith is None:
        raise SetupError(faults)
    return Cluster(
        namespace=namespace,
        gateway=conf.kubernetes_gateway,
        hosts=conf.public_hosts,
        monolith=monolith,
        services=services,
        timeout_s=conf.upstream_timeout_s,
        connect_timeout_s=conf.connect_timeout_s,
        max_connections=conf.max_upstream_connections,
        session_cookie=session_cookie(),
        affinity_header=conf.affinity_header,
    )


def label_of(capability: str) -> str:
    """
    Return a capability's name as Kubernetes can write it.

    Raises:
        SetupError: it cannot.
    """
    label = capability.lower().replace("_", "-").strip("-")
    if not _LABEL.fullmatch(label):
        raise SetupError([f"{capability!r} cannot be a name in Kubernetes: letters a to z, digits, 63 at most."])
    return label


def _service(owner: str, url: str | None, internal_url: str | None, namespace: str) -> Service:
    """An address of this machine says nothing about a cluster: there the Service is called as its capability."""
    internal = urlsplit(internal_url).port if internal_url else None
    parts = urlsplit(url or "")
    host = (parts.hostname or "localhost").removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc")
    if _is_of_this_machine(host):
        return Service(label_of(owner), namespace, PORT, internal)
    name, _, elsewhere = host.partition(".")
    if not _LABEL.fullmatch(name) or (elsewhere and not _LABEL.fullmatch(elsewhere)):
        raise ValueError(f"{url!r} names no Service: http://NAME, http://NAME.NAMESPACE, with a port unless it is 80.")
    return Service(name, elsewhere or namespace, parts.port or PORT, internal)


def _is_of_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
