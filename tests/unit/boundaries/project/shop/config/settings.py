"""A shop whose orders reach into the catalog in every way that the guards know."""

from pathlib import Path

SECRET_KEY = "tests-only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "shop.catalog",
    "shop.orders",
    "shop.reports",
    "strangler",
]
MIDDLEWARE = ["strangler.proxy.StranglerMiddleware"]
ROOT_URLCONF = "shop.config.urls"
_SQLITE = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"transaction_mode": "IMMEDIATE"}}
DATABASES = {
    name: {**_SQLITE, "NAME": Path.cwd() / f"{name}.sqlite3"}
    for name in ("default", "catalog_service", "orders_service")
}
STRANGLER = {
    "HOST": "monolith",
    "KEYS": {"test": "k" * 32},
    "FOLLOW": False,
    "KERNEL": ["shop.kernel"],
    "CAPABILITIES": {
        name: {
            "routes": [{"prefix": f"/{name}/"}],
            "databases": {"monolith": "default", "service": f"{name}_service"},
        }
        for name in ("catalog", "orders")
    },
}
