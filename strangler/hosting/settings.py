"""
The settings of a host, derived: a host says what it serves, the environment says where things are.

All hosts read the same variable names, so one environment file describes the whole platform. Without any variable a
host runs on SQLite files under `.run/sqlite` with development secrets; with `DEBUG=false` the secrets are required.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from strangler.hosting.databases import database
from strangler.hosting.environment import Environment

MONOLITH = "monolith"
ISSUER = "http://strangler.local"
AUDIENCE = "strangler-platform"
_MONOLITH_URL = "http://127.0.0.1:8000"
_SERVICE_PORT_FIRST = 8101
_SECRET = "for-development-only-" + "0123456789abcdef" * 3
_ROOT = Path.cwd()


@dataclass(frozen=True, slots=True)
class Capability:
    """
    A bounded app as its hosts know it.

    Attributes:
        package: Python package of the app; its `capability` module lists the `ROUTES` and what is `PERIODIC`, its
            `urls` the views.
        port: where its service listens when nothing else is said.
    """

    name: str
    package: str
    port: int = _SERVICE_PORT_FIRST

    @property
    def routes(self) -> list[dict[str, Any]]:
        """The routes of the app; the first one is where its views are mounted."""
        return list(import_module(f"{self.package}.capability").ROUTES)

    @property
    def periodic(self) -> dict[str, float]:
        """Tasks of the app that run by themselves: name to seconds between runs."""
        return dict(getattr(import_module(f"{self.package}.capability"), "PERIODIC", {}))

    @property
    def mount(self) -> str:
        """Path under which the views live, without the leading slash."""
        return str(self.routes[0]["prefix"]).lstrip("/")

    def database_variable(self) -> str:
        """Name of the variable with the address of the service's own database."""
        return f"{self.name.upper()}_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Host:
    """
    What one host is made of.

    Attributes:
        name: `monolith` or the capability's name.
        apps: Django's own and third-party apps beside those that every host has.
        middleware: beside what every host has, after the routing middleware.
        root_urlconf: derived from the capabilities unless given.
    """

    name: str
    capabilities: Sequence[Capability]
    apps: Sequence[str] = ()
    middleware: Sequence[str] = ()
    root_urlconf: str = "strangler.hosting.urls"
    wsgi_application: str = "strangler.hosting.wsgi.application"
    template_processors: Sequence[str] = field(default=())


def service_settings(name: str, *, package: str, port: int = _SERVICE_PORT_FIRST) -> dict[str, Any]:
    """
    Return all settings of a service host.

    Args:
        name: of the capability.
        package: of its app, such as `monolith.catalog`.

    Raises:
        SetupError: with everything that is wrong in the environment.
    """
    return host_settings(Host(name, [Capability(name, package, port)]))


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
        "HOSTING": _hosting(env, host),
        "STRANGLER": _strangler(env, host),
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
            *(capability.package for capability in host.capabilities),
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
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
    }


def _data(env: Environment, host: Host) -> dict[str, Any]:
    folder = run_dir(env) / "sqlite"
    monolith = database(env, "MONOLITH_DATABASE_URL", fallback=folder / f"{MONOLITH}.sqlite3")
    services = {
        capability.name: database(
            env, capability.database_variable(), fallback=folder / f"{capability.name}.sqlite3"
        )
        for capability in host.capabilities
    }
    if host.name == MONOLITH:
        return {"DATABASES": {"default": monolith, **{f"{name}_service": entry for name, entry in services.items()}}}
    return {"DATABASES": {"default": services[host.name], "control": monolith}}


def _caches(env: Environment, host: Host) -> dict[str, Any]:
    url = env.text("CACHE_URL")
    if not url:
        local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        return {"CACHES": {"default": {**local, "KEY_FUNCTION": "strangler.hosting.caches.epoch_key"}}}
    valkey = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    return {
        "CACHES": {
            "default": {**valkey, "KEY_PREFIX": host.name, "KEY_FUNCTION": "strangler.hosting.caches.epoch_key"},
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
        "CELERY_BEAT_SCHEDULE": {
            name: {"task": name, "schedule": every_s}
            for capability in host.capabilities
            for name, every_s in capability.periodic.items()
        },
        # A task whose worker was killed comes back after visibility_timeout; the two others make kombu look for it
        # every second instead of every hundredth turn. The timeout must exceed the longest task.
        "CELERY_TASK_TIME_LIMIT": visibility_s * 0.8,
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "visibility_timeout": visibility_s,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
        },
    }


def _hosting(env: Environment, host: Host) -> dict[str, Any]:
    return {
        "name": host.name,
        "mounts": {capability.mount: f"{capability.package}.urls" for capability in host.capabilities},
        "broker_url": env.text("BROKER_URL"),
        "log_format": env.choice("LOG_FORMAT", "", "json", "console"),
        "log_level": env.choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR"),
    }


def _strangler(env: Environment, host: Host) -> dict[str, Any]:
    folder = run_dir(env)
    return {
        "HOST": host.name,
        "KEYS": env.keys("STRANGLER_KEYS", {"dev": _SECRET} if env.flag("DEBUG", True) else None),
        "MONOLITH_URL": env.url("MONOLITH_URL", _MONOLITH_URL),
        "CONTROL_DATABASE": "default" if host.name == MONOLITH else "control",
        "STATE_DIR": env.path("STATE_DIR", folder / "state"),
        "SUBJECT_JWKS": str(env.path("JWKS_FILE", folder / "keys" / "jwks.json")),
        "SUBJECT_ISSUER": env.text("TOKEN_ISSUER", ISSUER),
        "SUBJECT_AUDIENCE": env.text("TOKEN_AUDIENCE", AUDIENCE),
        "CAPABILITIES": {capability.name: _capability(env, host, capability) for capability in host.capabilities},
    }


def _capability(env: Environment, host: Host, capability: Capability) -> dict[str, Any]:
    monolith = {"monolith": "default", "service": f"{capability.name}_service"}
    return {
        "app": capability.package.rpartition(".")[2],
        "service_url": env.url(f"{capability.name.upper()}_URL", f"http://127.0.0.1:{capability.port}"),
        "databases": monolith if host.name == MONOLITH else {"service": "default"},
        "routes": capability.routes,
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
