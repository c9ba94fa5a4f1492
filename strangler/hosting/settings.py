"""
The settings of a host, derived: a host says what it serves, the environment says where things are.

All hosts read the same variable names, so one environment file describes the whole platform. Without any variable a
host runs on SQLite files under `.run/sqlite` with development secrets; with `DEBUG=false` the secrets are required.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strangler.conf import Home
from strangler.hosting.databases import database
from strangler.hosting.environment import Environment
from strangler.hosting.homes import jwks_file, knows_service, strangler_settings
from strangler.hosting.host import MONOLITH, SERVICE_PORT_FIRST, Capability, Host
from strangler.transport.queues import EVERY, RELAY, queue_of

_SECRET = "for-development-only-" + "0123456789abcdef" * 3
_ROOT = Path.cwd()
_RELAY_S = 1.0


def service_settings(
    name: str,
    *,
    package: str,
    port: int = SERVICE_PORT_FIRST,
    peers: Mapping[str, int] | None = None,
    contract: str = "",
    complete: bool = False,
) -> dict[str, Any]:
    """
    Return all settings of a service host.

    Args:
        name: of the capability.
        package: of its app, such as `monolith.catalog`.
        peers: as in `Host`.
        contract: as in `Capability`; so is *complete*.

    Raises:
        SetupError: with everything that is wrong in the environment.
    """
    return host_settings(Host(name, [Capability(name, package, port, contract, complete)], peers=peers or {}))


def host_settings(host: Host, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """
    Return all settings of *host*.

    Args:
        environment: instead of the process's own.

    Raises:
        SetupError: with everything that is wrong in the environment.
    """
    env = Environment(environment)
    settings = {
        **_base(env, host),
        **_security(env),
        **_data(env, host),
        **_caches(env, host),
        **_celery(env, host),
        **_of_apps(env, host),
        "HOSTING": _hosting(env, host),
        "STRANGLER": strangler_settings(env, host, _SECRET, run_dir(env)),
        "REST_FRAMEWORK": _REST_FRAMEWORK,
        "LOGGING_CONFIG": None,  # logs.configure() sets structlog and logging up together
    }
    env.check()
    return settings


def run_dir(env: Environment) -> Path:
    """Return the folder that holds everything a running platform writes."""
    return env.path("RUN_DIR", _ROOT / ".run")


def _base(env: Environment, host: Host) -> dict[str, Any]:
    return {
        "DEBUG": env.flag("DEBUG", True),
        "ROOT_URLCONF": host.root_urlconf,
        "WSGI_APPLICATION": host.wsgi_application,
        "INSTALLED_APPS": [
            *host.apps,
            "strangler.hosting",  # before staticfiles, whose runserver it extends
            "django.contrib.staticfiles",
            "rest_framework",
            "drf_spectacular",
            "drf_spectacular_sidecar",
            "django_prometheus",
            *(capability.package for capability in host.at_home),
            "strangler",
        ],
        "MIDDLEWARE": [
            "strangler.hosting.observe.ObserveMiddleware",
            "strangler.proxy.StranglerMiddleware",
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            *host.middleware,
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": list(host.template_processors)},
            }
        ],
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en-us",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "PROMETHEUS_EXPORT_MIGRATIONS": False,
    }


def _security(env: Environment) -> dict[str, Any]:
    debug = env.flag("DEBUG", True)
    secure = env.flag("SECURE", not debug)
    return {
        "SECRET_KEY": env.secret("SECRET_KEY", _SECRET if debug else None),
        "ALLOWED_HOSTS": env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]")),
        "CSRF_TRUSTED_ORIGINS": env.words("CSRF_TRUSTED_ORIGINS"),
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "X_FRAME_OPTIONS": "DENY",
        "PASSWORD_HASHERS": ["strangler.hosting.hashers.LeanArgon2PasswordHasher"],
    }


def _data(env: Environment, host: Host) -> dict[str, Any]:
    folder = run_dir(env) / "sqlite"
    monolith = database(env, "MONOLITH_DATABASE_URL", fallback=folder / f"{MONOLITH}.sqlite3")
    services = {
        capability.name: database(env, capability.database_variable(), fallback=folder / f"{capability.name}.sqlite3")
        for capability in host.at_home
        if knows_service(env, host, capability)
    }
    if host.name == MONOLITH:
        return {"DATABASES": {"default": monolith, **{f"{name}_service": entry for name, entry in services.items()}}}
    return {"DATABASES": {"default": services[host.name], "control": monolith}}


def _caches(env: Environment, host: Host) -> dict[str, Any]:
    url = env.text("CACHE_URL")
    if not url:
        local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        return {
            "CACHES": {
                "default": {**local, "KEY_FUNCTION": "strangler.hosting.caches.epoch_key"},
                # Other processes are not told of a change: they may be behind by this long.
                "owned": {**local, "LOCATION": "owned", "TIMEOUT": 1},
            }
        }
    valkey = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    return {
        "CACHES": {
            "default": {**valkey, "KEY_PREFIX": host.name, "KEY_FUNCTION": "strangler.hosting.caches.epoch_key"},
            # Keys name home and epoch themselves (`remember`); a cache that is gone must not hold up an answer.
            "owned": {
                **valkey,
                "KEY_PREFIX": "owned",
                "TIMEOUT": 30,
                "OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
            },
            # Who has written what lately is the same in every home, too (R8); its keys name the home that was written.
            "pins": {
                **valkey,
                "KEY_PREFIX": "pins",
                "OPTIONS": {"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
            },
            # Sessions belong to no capability and are the same in every home (R22): no home, no epoch.
            "sessions": {**valkey, "KEY_PREFIX": "shared"},
        },
        "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db"
        if host.name == MONOLITH
        else "django.contrib.sessions.backends.cache",
        "SESSION_CACHE_ALIAS": "sessions",
    }


def _celery(env: Environment, host: Host) -> dict[str, Any]:
    url = env.text("BROKER_URL")
    visibility_s = env.number("TASK_VISIBILITY_S", 30)
    return {
        "CELERY_BROKER_URL": url or "memory://",
        "CELERY_TASK_ALWAYS_EAGER": not url,
        "CELERY_TASK_ACKS_LATE": True,
        "CELERY_TASK_REJECT_ON_WORKER_LOST": True,
        "CELERY_WORKER_PREFETCH_MULTIPLIER": 1,
        "CELERY_TASK_DEFAULT_QUEUE": host.name,
        "CELERY_TASK_IGNORE_RESULT": True,
        "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
        "CELERY_WORKER_HIJACK_ROOT_LOGGER": False,
        "CELERY_BEAT_SCHEDULE": _schedule(host),
        # A task whose worker was killed comes back after visibility_timeout. kombu looks for it every second instead
        # of every hundredth turn, and a worker that is killed while it looks keeps all others from looking for
        # unacked_mutex_expire, of itself five minutes. A task that takes longer is delivered a second time while it
        # runs, which `once` makes harmless; a pool of processes ends it before, a pool of threads cannot.
        "CELERY_TASK_TIME_LIMIT": visibility_s * 0.8,
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "visibility_timeout": visibility_s,
            "unacked_mutex_expire": 5,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
    }


def _of_apps(env: Environment, host: Host) -> dict[str, str]:
    """What the host's apps take from the environment; a name says how it is read."""
    debug = env.flag("DEBUG", True)

    def read(name: str, development: str) -> str:
        if name.endswith("_SECRET"):
            return env.secret(name, development if debug else None)
        return env.url(name, development) if name.endswith("_URL") else env.text(name, development)

    return {
        name: read(name, development)
        for capability in host.at_home
        for name, development in capability.environment.items()
    }


def _queues(host: Host) -> list[str]:
    home: Home = "monolith" if host.name == MONOLITH else "service"
    return [queue_of(capability.name, home) for capability in host.at_home]


def _schedule(host: Host) -> dict[str, Any]:
    """A home ticks for itself: where it does not own the rows, the owner's clock ticks. No tick is kept for later."""
    ticks = {
        name: {
            "task": name,
            "schedule": every_s,
            "options": {"queue": queue, "expires": every_s, "headers": {EVERY: every_s}},
        }
        for capability, queue in zip(host.at_home, _queues(host), strict=True)
        for name, every_s in capability.periodic.items()
    }
    relay = {"task": RELAY, "schedule": _RELAY_S, "options": {"queue": host.name, "expires": _RELAY_S}}
    return {RELAY: relay} | ticks


def _hosting(env: Environment, host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "mounts": {capability.mount: f"{capability.package}.urls" for capability in host.at_home},
        "broker_url": env.text("BROKER_URL"),
        "queues": (host.name, *_queues(host)),
        "keys_dir": jwks_file(env, run_dir(env)).parent,
        "log_format": env.choice("LOG_FORMAT", "", "json", "console"),
        "log_level": env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR"),
    }


_REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["strangler.hosting.auth.HostAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "strangler.hosting.rest.problems.handle",
    "UNAUTHENTICATED_USER": "strangler.hosting.auth.nobody",
}
