"""Settings of the unit and integration suites: a monolith host with one sample capability."""

import os
import tempfile
from pathlib import Path

_STATE = Path(os.environ.get("STRANGLER_TEST_DIR") or tempfile.mkdtemp(prefix="strangler-test-"))
_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": "PRAGMA journal_mode=WAL"},
}
SECRET_KEY = "tests-only-" + "x" * 40
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "drf_spectacular",
    "monolith.catalog",
    "monolith.inventory",
    "monolith.users",
    "monolith.payments",
    "extracted.shipping",
    "monolith.orders",
    "monolith.risk",
    "monolith.notifications",
    "monolith.recommendations",
    "strangler",
    "tests.sample",
    "tests.bindings.counter",
    "tests.events.press",
    "tests.events.reader",
]
MIDDLEWARE = ["strangler.proxy.StranglerMiddleware"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
ROOT_URLCONF = "tests.sample.urls"
DATABASES = {
    name: {**_SQLITE, "NAME": _STATE / f"{name}.sqlite3", "TEST": {"NAME": _STATE / f"test-{name}.sqlite3"}}
    for name in ("default", "sample_service")
}
NOTIFICATIONS_SMTP = "smtp://127.0.0.1:9"  # nobody, as well
SHIPPING_CARRIERS_URL = "http://127.0.0.1:9"  # nobody; a test that needs carriers starts them
SHIPPING_WEBHOOK_SECRET = "w" * 40
STRANGLER = {
    "HOST": "monolith",
    "KEYS": {"test": "k" * 32},
    "STATE_DIR": _STATE,
    "FOLLOW": False,
    "CAPABILITIES": {
        "sample": {
            "app": "sample",
            "service_url": "http://127.0.0.1:9",
            "databases": {"monolith": "default", "service": "sample_service"},
            "routes": [{"prefix": "/sample/"}, {"prefix": "/sample/search", "methods": ["POST"], "kind": "read"}],
        },
        # The platform's own apps, so that the guard of borders watches every test of theirs.
        "catalog": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/catalog/"}]},
        "inventory": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/inventory/"}]},
        "users": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/users/"}]},
        "payments": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/payments/"}]},
        "shipping": {
            "contract": "monolith.shipping.contract",
            "databases": {"monolith": "default"},
            "routes": [
                {"prefix": "/api/shipping/"},
                {"prefix": "/api/shipping/quotes", "methods": ["POST"], "kind": "read"},
            ],
        },
        "orders": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/orders/"}]},
        "notifications": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/notifications/"}]},
        "risk": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/risk/"}]},
        "recommendations": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/recommendations/"}]},
        # A publisher and a subscriber, and nothing else.
        "press": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/press/"}]},
        "reader": {"databases": {"monolith": "default"}, "routes": [{"prefix": "/api/reader/"}]},
    },
}
