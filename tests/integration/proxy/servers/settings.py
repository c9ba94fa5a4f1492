"""A home in a server of its own; `sample` has moved. The environment names the other home."""

import os
from pathlib import Path

_DIR = Path(os.environ["SERVERS_DIR"])
SECRET_KEY = "x" * 50
DEBUG = False
ALLOWED_HOSTS = ["shop.example", "www.example", "127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "strangler",
    "tests.sample",
]
STATIC_URL = "/static/"
MIDDLEWARE = [
    "strangler.proxy.StranglerMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"  # shared by the homes, like their keys (R22)
ROOT_URLCONF = "tests.integration.proxy.views"
WSGI_APPLICATION = "tests.integration.proxy.servers.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _DIR / "front.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10},
    },
}
LOGGING_CONFIG = None
_HOST = os.environ.get("SERVERS_HOST", "monolith")
STRANGLER = {
    "HOST": _HOST,
    "MONOLITH_URL": os.environ["UPSTREAM_URL"],
    "KEYS": {"test": "k" * 32},
    "STATE_DIR": _DIR / "state",
    "UPSTREAM_TIMEOUT_S": 3,
    "TRUST_FORWARDED": os.environ.get("TRUST_FORWARDED") == "1",
    "CAPABILITIES": {
        "sample": {
            "app": "sample",
            "service_url": os.environ["UPSTREAM_URL"],
            "databases": {"monolith" if _HOST == "monolith" else "service": "default"},
            "routes": [{"prefix": "/sample/"}],
        }
    },
}
