"""`settings.STRANGLER` as a frozen value, with every mistake found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from threading import RLock
from typing import Any, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed

from strangler.errors import SetupError

Home = Literal["monolith", "service"]
HOMES: tuple[Home, Home] = ("monolith", "service")
EVENTS_BY = ("direct", "celery")
MONOLITH_HOST = "monolith"
KEY_BYTES_MIN = 32
LAG_LIMIT_S_MIN = 1.0
TIMEOUT_S_MAX = 86_400.0
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class RouteConf:
    """A part of the URL space that belongs to a capability; *prefix* ends on a segment border."""

    prefix: str
    host: str | None = None
    methods: frozenset[str] | None = None
    kind: Literal["read", "write"] | None = None
    stale_ok: bool = False
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class CapabilityConf:
    """
    One bounded app and its two homes; a peer, which this host only calls, has an `internal_url` and nothing else.

    Attributes:
        app: label of the Django app whose tables are the capability's rows.
        contract: package of its contract; empty: `contract` within the app's own.
        complete: it is shipped in its last stage: the service has the app, the monolith its contract and its routes.
        databases: alias of each home's database, as far as this host can reach it.
        service_url: where the service listens; None while no service exists.
        internal_url: where the service listens for calls of other apps.
    """

    name: str
    app: str
    routes: tuple[RouteConf, ...]
    service_url: str | None = None
    internal_url: str | None = None
    databases: Mapping[str, str] = field(default_factory=dict)
    contract: str = ""
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Conf:
    """
    The settings of one host. Times are seconds, sizes are bytes.

    Attributes:
        follow: keep the table in step by a background thread; without it every look loads the table, for tests.
        kernel: packages that every capability may import, contracts included, and every image carries.
        borders_baseline: the committed file of border crossings that are known.
        watch_borders: count statements and transactions that cross borders, where sqlglot is installed.
        internal_bind: host and port on which this host listens for calls; None: it takes none.
        monolith_internal_url: where the monolith listens for calls.
        contracts: packages in which apps of the platform publish contracts: who subscribes to what is read there.
        trust_forwarded: whatever stands in front sets X-Forwarded-*, and nobody else reaches this host: what it says of
            client, scheme and host counts.
        events: how events travel: `direct`, by this process itself, or `celery`.
        switch_cap_s: how long writers may wait for a switch; one that would take longer is put back.
        catch_up_s: how long a switch waits, while everybody writes, for the new home to catch up.
        republish_s: a copy of an event that its subscriber has not confirmed by then is sent again, later each time.
        event_attempts_max: failures of a handler, or refusals of a subscriber, after which an event is a dead letter.
        calls_max: of one operation in one request; more is an N+1 that a bulk operation should replace.
        strict: the guards that count in production raise instead.
        watch_restores: refuse to write in a database that was set back, copied, or has failed over (R18); for test runs
            that clone their databases it can be off.
        lag_limit_s: how far the service's copy may be behind before all reads go to the writer again.
        max_stale_s: how old an answer from the monolith's copy may be while the service fails (`stale_ok` routes only).
        wal_limit_bytes: of log that a server may keep for the other home; `doctor` warns at half of it.
        kubernetes_namespace: where `strangler apply` puts objects, and Services are that no address places elsewhere.
        kubernetes_gateway: name of the Gateway that rendered routes hang from, or `namespace/name`.
        public_hosts: names under which the platform is reached; empty: all that the gateway listens to.
        affinity_header: in a mesh, requests with the same value of this field reach the same replica.
    """

    host: str
    keys: Mapping[str, str]
    capabilities: Mapping[str, CapabilityConf]
    monolith_url: str | None = None
    monolith_internal_url: str | None = None
    internal_bind: str | None = None
    control_database: str = "default"
    state_dir: Path = Path(".strangler")
    replay_limit_bytes: int = 1 << 20
    memory_limit_bytes: int = 64 << 10
    switch_wait_s: float = 15.0
    max_waiters: int = 64
    lease_s: float = 3.0
    switch_cap_s: float = 0.5
    catch_up_s: float = 30.0
    upstream_timeout_s: float = 30.0
    connect_timeout_s: float = 1.0
    max_upstream_connections: int = 64
    contracts: tuple[str, ...] = ()
    events: str = "direct"
    republish_s: float = 5.0
    event_attempts_max: int = 8
    calls_max: int = 20
    strict: bool = False
    follow: bool = True
    expose_headers: bool = True
    watch_restores: bool = True
    lag_limit_s: float = 5.0
    max_stale_s: float = 60.0
    wal_limit_bytes: int = 4 << 30
    trust_forwarded: bool = False
    subject_jwks: str | None = None
    subject_issuer: str | None = None
    subject_audience: str | None = None
    kernel: tuple[str, ...] = ()
    borders_baseline: Path = Path("borders.json")
    watch_borders: bool = True
    kubernetes_namespace: str = "default"
    kubernetes_gateway: str = "public"
    public_hosts: tuple[str, ...] = ()
    affinity_header: str | None = None

    @property
    def side(self) -> Home:
        """The home that this host is for whatever it is a home of."""
        return "monolith" if self.host == MONOLITH_HOST else "service"

    def home_of(self, capability: str) -> Home | None:
        """Return which home of *capability* this host is, or None when it is neither."""
        if self.host == MONOLITH_HOST:
            known = self.capabilities.get(capability)
            return None if known and known.complete else "monolith"
        return "service" if self.host == capability else None

    def upstream_of(self, capability: str) -> str | None:
        """Return the address of the other home, or None when none is configured."""
        if self.host == MONOLITH_HOST:
            return self.capabilities[capability].service_url
        return self.monolith_url

    def internal_url_of(self, capability: str, home: Home) -> str | None:
        """Return the address on which *home* of *capability* takes calls, or None when none is configured."""
        return self.monolith_internal_url if home == "monolith" else self.capabilities[capability].internal_url

    def database_of(self, capability: str) -> str | None:
        """Return the alias of this host's own database for *capability*."""
        home = self.home_of(capability)
        return None if home is None else self.capabilities[capability].databases.get(home)

    def has_two_homes(self, capability: str) -> bool:
        """Return whether *capability* can have been moved: this host is its service, or knows where that is."""
        known = self.capabilities[capability]
        return self.host == capability or known.service_url is not None or "service" in known.databases

    def homes_at(self, alias: str) -> list[tuple[str, Home]]:
        """Return the (capability, home) pairs whose rows live in the database *alias*."""
        return [
            (capability.name, home)
            for capability in self.capabilities.values()
            for home in HOMES
            if capability.databases.get(home) == alias
        ]

    @property
    def own_capabilities(self) -> tuple[str, ...]:
        """Names of the capabilities that this host is a home of."""
        return tuple(name for name in self.capabilities if self.home_of(name))

    @property
    def routed_capabilities(self) -> tuple[str, ...]:
        """Names of the capabilities whose requests this host takes: its own, and in the monolith complete ones."""
        return tuple(self.capabilities) if self.host == MONOLITH_HOST else self.own_capabilities


_known: Conf | None = None
_reading = RLock()


def get_conf() -> Conf:
    """
    Return the host's settings.

    Raises:
        SetupError: with every fault, when `settings.STRANGLER` is missing or wrong.
    """
    return _known or _read()


def _read() -> Conf:
    """Read the settings once; a thread that began before they changed leaves nothing old behind."""
    global _known
    with _reading:
        if _known is None:
            raw = getattr(settings, "STRANGLER", None)
            if raw is None:
                raise SetupError(["settings.STRANGLER is missing: add it beside INSTALLED_APPS (see docs/adopt.md)."])
            _known = parse(raw, databases=tuple(settings.DATABASES))
        return _known


def _forget(*, setting: str, **_: object) -> None:
    global _known
    if setting in {"STRANGLER", "DATABASES"}:
        with _reading:
            _known = None


setting_changed.connect(_forget)


def parse(raw: Any, *, databases: tuple[str, ...]) -> Conf:
    """
    Turn the settings dict into a `Conf`.

    Args:
        databases: aliases known to Django.

    Raises:
        SetupError: with every fault found.
    """
    if not isinstance(raw, Mapping):
        raise SetupError([f"STRANGLER must be a dict, not {type(raw).__name__}."])
    reader = _Reader(raw, databases)
    conf = reader.conf()
    if reader.faults:
        raise SetupError(reader.faults)
    return conf


_REQUIRED = {"HOST", "KEYS", "CAPABILITIES"}
_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"  # RFC 1123 2.1
_NAMES = {
    "kubernetes_namespace": (re.compile(_LABEL), "a namespace such as 'shop'"),
    "kubernetes_gateway": (re.compile(rf"(?:{_LABEL}/)?{_LABEL}(?:\.{_LABEL})*"), "'public' or 'namespace/public'"),
    "public_hosts": (re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*"), "a name such as 'shop.example', in lower case"),
    "affinity_header": (re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"), "the name of a field, such as 'X-Tenant'"),
}
_SIMPLE = {f.name: f for f in fields(Conf) if f.default is not MISSING}


class _Reader:
    """Reads the dict once and collects faults instead of stopping at the first."""

    def __init__(self, raw: Mapping[str, Any], databases: tuple[str, ...]) -> None:
        self.raw = raw
        self.databases = databases
        self.faults: list[str] = []

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"STRANGLER{where}: {what}")

    def conf(self) -> Conf:
        known = _REQUIRED | {name.upper() for name in _SIMPLE}
        for name in self.raw.keys() - known:
            self.fault(f"[{name!r}]", f"is unknown; known are {', '.join(sorted(known))}.")
        for name in sorted(_REQUIRED - self.raw.keys()):
            self.fault(f"[{name!r}]", "is required.")
        values = self.simple_values()
        host = self.raw.get("HOST", MONOLITH_HOST)
        keys = self.keys(self.raw.get("KEYS", {}))
        control = values.get("control_database", "default")
        if control not in self.databases:
            self.fault("['CONTROL_DATABASE']", f"{control!r} is not in DATABASES ({', '.join(self.databases)}).")
        capabilities = self.capabilities(self.raw.get("CAPABILITIES", {}), host)
        conf = Conf(host=host, keys=keys, capabilities=capabilities, **values)
        self.check_host(conf)
        return conf

    def simple_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in _SIMPLE:
            if (key := name.upper()) in self.raw:
                values[name] = self.simple(key, self.raw[key], _SIMPLE[name].default)
        for name in ("monolith_url", "monolith_internal_url"):
            if url := values.get(name):
                self.check_url(f"[{name.upper()!r}]", url)
        if (by := values.get("events", EVENTS_BY[0])) not in EVENTS_BY:
            self.fault("['EVENTS']", f"must be {' or '.join(map(repr, EVENTS_BY))}, not {by!r}.")
        limit_s = values.get("lag_limit_s")
        if isinstance(limit_s, int | float) and 0 < limit_s < LAG_LIMIT_S_MIN:
            self.fault("['LAG_LIMIT_S']", f"must be {LAG_LIMIT_S_MIN:g} at least, not {limit_s!r}: lag is seen late.")
        if bind := values.get("internal_bind"):
            self.check_bind("['INTERNAL_BIND']", bind)
        self.check_names(values)
        return values

    def simple(self, key: str, value: Any, default: Any) -> Any:
        if isinstance(default, bool):
            if not isinstance(value, bool):
                self.fault(f"[{key!r}]", f"must be True or False, not {value!r}.")
        elif isinstance(default, int | float):
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                self.fault(f"[{key!r}]", f"must be a positive number, not {value!r}.")
        elif isinstance(default, Path):
            return Path(value)
        elif isinstance(default, tuple):
            return self.words(key, value)
        elif value is not None and not isinstance(value, str):
            self.fault(f"[{key!r}]", f"must be a string, not {value!r}.")
        return value

    def words(self, key: str, value: Any) -> tuple[str, ...]:
        if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
            return tuple(value)
        self.fault(f"[{key!r}]", f"must be a list of strings, not {value!r}.")
        return ()

    def keys(self, raw: Any) -> Mapping[str, str]:
        if not isinstance(raw, Mapping) or not raw:
            self.fault("['KEYS']", "must map at least one key id to a secret; the first signs, all verify.")
            return {}
        for kid, secret in raw.items():
            if not isinstance(secret, str) or len(secret.encode()) < KEY_BYTES_MIN:
                self.fault(f"['KEYS'][{kid!r}]", f"must be a secret of at least {KEY_BYTES_MIN} bytes.")
        return dict(raw)

    def capabilities(self, raw: Any, host: Any) -> Mapping[str, CapabilityConf]:
        if not isinstance(raw, Mapping):
            self.fault("['CAPABILITIES']", "must map names to dicts.")
            return {}
        found = {}
        for name, entry in raw.items():
            where = f"['CAPABILITIES'][{name!r}]"
            if not isinstance(name, str) or not name.isidentifier() or name == MONOLITH_HOST:
                self.fault(where, f"a capability's name is an identifier other than {MONOLITH_HOST!r}.")
            elif not isinstance(entry, Mapping):
                self.fault(where, "must be a dict.")
            else:
                found[name] = self.capability(where, name, entry, peer=host not in (MONOLITH_HOST, name))
        return found

    def capability(self, where: str, name: str, entry: Mapping[str, Any], *, peer: bool) -> CapabilityConf:
        self.check_known(where, entry, {f.name for f in fields(CapabilityConf)} - {"name"})
        urls = {key: entry.get(key) for key in ("service_url", "internal_url")}
        for key, url in urls.items():
            if url is not None:
                self.check_url(f"{where}[{key!r}]", url)
        databases = entry.get("databases", {})
        for home, alias in databases.items():
            if home not in HOMES:
                self.fault(f"{where}['databases']", f"{home!r} is no home; homes are monolith and service.")
            elif alias not in self.databases:
                self.fault(f"{where}['databases'][{home!r}]", f"{alias!r} is not in DATABASES.")
        if len(set(databases.values())) < len(databases):
            self.fault(f"{where}['databases']", "both homes name one database: two homes need two.")
        for key, kind, what in (("contract", str, "the name of a package"), ("complete", bool, "True or False")):
            if not isinstance(entry.get(key, kind()), kind):
                self.fault(f"{where}[{key!r}]", f"must be {what}, not {entry[key]!r}.")
        routes = entry.get("routes", [])
        if not routes and not peer:
            self.fault(f"{where}['routes']", "at least one route is required, such as {'prefix': '/api/x/'}.")
        return CapabilityConf(
            name=name,
            app=entry.get("app", name),
            contract=entry.get("contract", ""),
            complete=entry.get("complete", False) is True,
            **{key: url.rstrip("/") if isinstance(url, str) else None for key, url in urls.items()},
            databases=dict(databases),
            routes=tuple(self.route(f"{where}['routes'][{n}]", r) for n, r in enumerate(routes)),
        )

    def route(self, where: str, raw: Any) -> RouteConf:
        if not isinstance(raw, Mapping):
            self.fault(where, "must be a dict with a 'prefix'.")
            return RouteConf("/")
        self.check_known(where, raw, {f.name for f in fields(RouteConf)})
        prefix = raw.get("prefix")
        if not isinstance(prefix, str) or not prefix.startswith("/") or "//" in prefix or "?" in prefix:
            self.fault(f"{where}['prefix']", f"must be a path such as '/api/x/', not {prefix!r}.")
            prefix = "/"
        methods = raw.get("methods")
        if methods is not None and (unknown := set(methods) - METHODS):
            self.fault(f"{where}['methods']", f"unknown: {', '.join(sorted(unknown))}.")
        if raw.get("kind") not in (None, "read", "write"):
            self.fault(f"{where}['kind']", f"must be 'read' or 'write', not {raw['kind']!r}.")
        timeout_s = raw.get("timeout_s")
        if timeout_s is not None and not _is_timeout(timeout_s):
            self.fault(
                f"{where}['timeout_s']", f"must be seconds, above 0 and {TIMEOUT_S_MAX:g} at most, not {timeout_s!r}."
            )
            timeout_s = None
        return RouteConf(
            prefix=prefix,
            host=raw.get("host"),
            methods=frozenset(methods) if methods is not None else None,
            kind=raw.get("kind"),
            stale_ok=bool(raw.get("stale_ok", False)),
            timeout_s=timeout_s,
        )

    def check_known(self, where: str, raw: Mapping[str, Any], known: set[str]) -> None:
        for name in raw.keys() - known:
            self.fault(f"{where}[{name!r}]", f"is unknown; known are {', '.join(sorted(known))}.")

    def check_url(self, where: str, url: Any) -> None:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            self.fault(where, f"must be an address such as 'http://127.0.0.1:8101', not {url!r}.")

    def check_bind(self, where: str, bind: Any) -> None:
        host, _, port = str(bind).rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            self.fault(where, f"must be a host and a port such as '127.0.0.1:9000', not {bind!r}.")

    def check_names(self, values: Mapping[str, Any]) -> None:
        for name, (pattern, what) in _NAMES.items():
            value = values.get(name)
            for word in value if isinstance(value, tuple) else (value,):
                if isinstance(word, str) and not pattern.fullmatch(word):
                    self.fault(f"[{name.upper()!r}]", f"must be {what}, not {word!r}.")

    def check_host(self, conf: Conf) -> None:
        if conf.host != MONOLITH_HOST and conf.host not in conf.capabilities:
            self.fault("['HOST']", f"{conf.host!r} is neither {MONOLITH_HOST!r} nor a capability.")
        if conf.host != MONOLITH_HOST and not conf.monolith_url:
            self.fault("['MONOLITH_URL']", "a service host needs the monolith's address.")
        for name in conf.own_capabilities:
            if conf.database_of(name) is None:
                home = conf.home_of(name)
                self.fault(f"['CAPABILITIES'][{name!r}]['databases']", f"this host is the {home}: name its database.")
        for capability in conf.capabilities.values():
            if capability.complete:
                self.check_complete(conf, capability)
        self.check_routes(conf)

    def check_complete(self, conf: Conf, capability: CapabilityConf) -> None:
        """Nothing of a complete capability is left in the monolith but what leads to its service."""
        where = f"['CAPABILITIES'][{capability.name!r}]"
        unneeded = capability.databases.keys() - ({"service"} if conf.host == capability.name else set())
        for home in sorted(unneeded):
            self.fault(f"{where}['databases'][{home!r}]", "it is complete: its service alone has rows. Leave it out.")
        for key in ("service_url", "internal_url"):
            if conf.host == MONOLITH_HOST and getattr(capability, key) is None:
                self.fault(f"{where}[{key!r}]", "it is complete: nobody but its service answers, so name the address.")

    def check_routes(self, conf: Conf) -> None:
        owners: dict[tuple[str | None, str, str], str] = {}
        for capability in conf.capabilities.values():
            for route in capability.routes:
                for method in route.methods or METHODS:
                    key = (route.host, route.prefix.rstrip("/"), method)
                    other = owners.setdefault(key, capability.name)
                    if other != capability.name:
                        self.fault(
                            f"['CAPABILITIES'][{capability.name!r}]['routes']",
                            f"{method} {route.prefix} is claimed by {other!r} as well.",
                        )


def _is_timeout(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= TIMEOUT_S_MAX
