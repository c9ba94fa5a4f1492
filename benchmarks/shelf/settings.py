"""Two hosts of one capability, as the environment says which: its monolith, which calls, and its service."""

import os
from pathlib import Path
from typing import Any


def _database(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": "strangler",
        "PASSWORD": os.environ["BENCH_PG_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_PG_PORT"],
        "CONN_MAX_AGE": None,
    }


SECRET_KEY = "benchmarks-only-" + "x" * 40
ALLOWED_HOSTS = ["*"]
USE_TZ = True
LOGGING_CONFIG = None
INSTALLED_APPS = ["strangler", "benchmarks.shelf"]
_ALIASES = {"monolith": "default", "service": "other"}
if os.environ["BENCH_HOST"] == "shelf":
    _ALIASES = {"monolith": "other", "service": "default"}
DATABASES = {alias: _database(home) for home, alias in _ALIASES.items()}
_SERVICE = f"http://127.0.0.1:{os.environ['BENCH_INTERNAL']}"
STRANGLER = {
    "HOST": os.environ["BENCH_HOST"],
    "KEYS": {"bench": "k" * 32},
    "CALLS_MAX": 10**9,  # what is timed is one request with very many calls
    "STATE_DIR": Path(os.environ["BENCH_DIR"]) / "state",
    "MONOLITH_URL": "http://127.0.0.1:9",  # nobody forwards requests here
    "CONTROL_DATABASE": _ALIASES["monolith"],
    "INTERNAL_BIND": f"127.0.0.1:{os.environ['BENCH_INTERNAL']}",
    "CAPABILITIES": {
        "shelf": {
            "app": "shelf",
            "service_url": _SERVICE,  # a move asks whether anybody is there
            "internal_url": _SERVICE,
            "databases": _ALIASES,
            "routes": [{"prefix": "/shelf/"}],
        }
    },
}
