"""One host with both apps, on PostgreSQL; with BROKER_URL events travel by Celery."""

import os
from pathlib import Path

SECRET_KEY = "benchmarks-only-" + "x" * 40
USE_TZ = True
LOGGING_CONFIG = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["strangler", "benchmarks.news.desk", "benchmarks.news.reader"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "news",
        "USER": "strangler",
        "PASSWORD": os.environ["BENCH_PG_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_PG_PORT"],
        "CONN_MAX_AGE": None,
    }
}
_BROKER = os.environ.get("BROKER_URL", "")
STRANGLER = {
    "HOST": "monolith",
    "KEYS": {"bench": "k" * 32},
    "STATE_DIR": Path(os.environ["BENCH_DIR"]) / "state",
    "WATCH_BORDERS": False,
    "CONTRACTS": ["benchmarks.news.desk.contract", "benchmarks.news.reader.contract"],
    "EVENTS": "celery" if _BROKER else "direct",
    "CAPABILITIES": {
        name: {"app": name, "databases": {"monolith": "default"}, "routes": [{"prefix": f"/{name}/"}]}
        for name in ("desk", "reader")
    },
}
