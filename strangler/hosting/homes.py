"""Where the homes of a host's capabilities are: `settings.STRANGLER`, derived from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from strangler.hosting.environment import Environment
from strangler.hosting.host import MONOLITH, Capability, Host, contracts_beside

ISSUER = "http://strangler.local"
AUDIENCE = "strangler-platform"
_MONOLITH_URL = "http://127.0.0.1:8000"
_MONOLITH_INTERNAL_URL = "http://127.0.0.1:9000"


def strangler_settings(env: Environment, host: Host, secret: str, folder: Path) -> dict[str, Any]:
    """
    Return the toolkit's settings: both homes of every capability of *host*, and what its apps call elsewhere.

    Args:
        secret: signs in development, while no keys are given.
        folder: holds everything a running platform writes.
    """
    monolith_url, monolith_internal_url = _monolith_urls(env)
    own = {capability.name: _capability(env, host, capability) for capability in host.capabilities}
    peers = {name: {"internal_url": _internal_url(env, name, port)} for name, port in host.peers.items()}
    return {
        "HOST": host.name,
        "KEYS": env.keys("STRANGLER_KEYS", {"dev": secret} if env.flag("DEBUG", True) else None),
        "MONOLITH_URL": monolith_url,
        "MONOLITH_INTERNAL_URL": monolith_internal_url,
        "INTERNAL_BIND": _internal_bind(env, host),
        "KERNEL": tuple(host.kernel),
        "CONTRACTS": sorted({c for capability in host.capabilities for c in contracts_beside(capability.outside)}),
        "EVENTS": "celery" if env.text("BROKER_URL") else "direct",
        "LAG_LIMIT_S": env.number("LAG_LIMIT_S", 5.0),
        "MAX_STALE_S": env.number("MAX_STALE_S", 60.0),
        "TRUST_FORWARDED": env.flag("TRUST_FORWARDED", False),
        **_cluster(env),
        "CONTROL_DATABASE": "default" if host.name == MONOLITH else "control",
        "STATE_DIR": env.path("STATE_DIR", folder / "state"),
        "SUBJECT_JWKS": _jwks_url(env) or str(jwks_file(env, folder)),
        "SUBJECT_ISSUER": env.text("TOKEN_ISSUER", ISSUER),
        "SUBJECT_AUDIENCE": env.text("TOKEN_AUDIENCE", AUDIENCE),
        "CAPABILITIES": peers | own,
    }


def jwks_file(env: Environment, folder: Path) -> Path:
    """Return the file of the public keys; whoever signs has the private ones beside it."""
    return env.path("JWKS_FILE", folder / "keys" / "jwks.json")


def _jwks_url(env: Environment) -> str:
    """Whoever has no part in the folder of keys asks for the public ones."""
    raw = env.text("JWKS_URL")
    parts = urlsplit(raw)
    if raw and (parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path):
        env.fault("JWKS_URL", f"must be an address such as {_MONOLITH_URL}/.well-known/jwks.json, not {raw!r}.")
    return raw


def _cluster(env: Environment) -> dict[str, Any]:
    """What `strangler render` and `apply` say of Kubernetes; variables that are not set leave the usual values."""
    names = ("KUBERNETES_NAMESPACE", "KUBERNETES_GATEWAY", "AFFINITY_HEADER")
    return {name: text for name in names if (text := env.text(name))} | {"PUBLIC_HOSTS": env.words("PUBLIC_HOSTS")}


def _capability(env: Environment, host: Host, capability: Capability) -> dict[str, Any]:
    known = {
        "app": capability.outside.rpartition(".")[2],
        "service_url": _service_url(env, capability),
        "internal_url": _internal_url(env, capability.name, capability.internal_port),
        "routes": capability.routes,
        "contract": capability.contract,
        "complete": capability.complete,
    }
    if capability not in host.at_home:
        return known
    monolith = {"monolith": "default"}
    if knows_service(env, host, capability):
        monolith["service"] = f"{capability.name}_service"
    databases = monolith if host.name == MONOLITH else {"service": "default"}
    return {**known, "databases": databases}


def knows_service(env: Environment, host: Host, capability: Capability) -> bool:
    """A monolith whose own database is named knows a service's by name alone: to be told of both is a mover's right."""
    named = env.text(capability.database_variable()) or not env.text("MONOLITH_DATABASE_URL")
    return host.name != MONOLITH or bool(named)


def _monolith_urls(env: Environment) -> tuple[str, str]:
    return env.url("MONOLITH_URL", _MONOLITH_URL), env.url("MONOLITH_INTERNAL_URL", _MONOLITH_INTERNAL_URL)


def _service_url(env: Environment, capability: Capability) -> str:
    return env.url(f"{capability.name.upper()}_URL", f"http://127.0.0.1:{capability.port}")


def _internal_url(env: Environment, name: str, port: int) -> str:
    return env.url(f"{name.upper()}_INTERNAL_URL", f"http://127.0.0.1:{port}")


def _internal_bind(env: Environment, host: Host) -> str:
    """Calls are taken where this host's internal address points, unless it is said otherwise, and never in public."""
    if host.name == MONOLITH:
        public, internal = _monolith_urls(env)
    else:
        capability = host.capabilities[0]
        public, internal = _service_url(env, capability), _internal_url(env, host.name, capability.internal_port)
    address = env.text("INTERNAL_BIND", urlsplit(internal).netloc)
    if address == urlsplit(public).netloc:
        env.fault(
            "INTERNAL_BIND",
            f"{address} is the public address of this host; calls of other hosts need a port of their own (R21).",
        )
    return address
