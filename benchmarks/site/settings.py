"""A project with one trivial view; the environment says which middleware stands before it and what has moved."""

import os
from pathlib import Path

_DIR = Path(os.environ["BENCH_DIR"])
_STACK = os.environ.get("BENCH_STACK", "bare")
_ROUTER = os.environ.get("BENCH_ROUTER", "with") == "with"
SECRET_KEY = "benchmarks-only-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
LOGGING_CONFIG = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "strangler",
    "benchmarks.site",
]
_STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = [
    *(["strangler.proxy.StranglerMiddleware"] if _ROUTER else []),
    *(_STARTPROJECT if _STACK == "startproject" else []),
]
ROOT_URLCONF = "benchmarks.site.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["BENCH_NAME"],
        "USER": "strangler",
        "PASSWORD": os.environ["BENCH_PG_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_PG_PORT"],
    }
}
STRANGLER = {
    "HOST": "monolith",
    "KEYS": {"bench": "k" * 32},
    "STATE_DIR": _DIR / "state",
    "CAPABILITIES": {
        "site": {
            "app": "site",
            "service_url": os.environ.get("BENCH_UPSTREAM", "http://127.0.0.1:9"),
            "databases": {"monolith": "default"},
            "routes": [{"prefix": "/routed/"}],
        }
    },
}
