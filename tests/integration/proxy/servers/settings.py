"""A monolith in a server of its own: `sample` has moved to the upstream that the environment names."""

import os
from pathlib import Path

_DIR = Path(os.environ["SERVERS_DIR"])
SECRET_KEY = "x" * 50
DEBUG = False
ALLOWED_HOSTS = ["shop.example", "127.0.0.1"]
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
MIDDLEWARE = ["strangler.proxy.StranglerMiddleware"]
ROOT_URLCONF = "tests.integration.proxy.views"
WSGI_APPLICATION = "tests.integration.proxy.servers.wsgi.application"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _DIR / "front.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10},
    },
    "sample_service": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _DIR / "none.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    },
}
LOGGING_CONFIG = None
STRANGLER = {
    "HOST": "monolith",
    "KEYS": {"test": "k" * 32},
    "STATE_DIR": _DIR / "state",
    "UPSTREAM_TIMEOUT_S": 3,
    "TRUST_FORWARDED": os.environ.get("TRUST_FORWARDED") == "1",
    "CAPABILITIES": {
        "sample": {
            "app": "sample",
            "service_url": os.environ["UPSTREAM_URL"],
            "databases": {"monolith": "default", "service": "sample_service"},
            "routes": [{"prefix": "/sample/"}],
        }
    },
}
