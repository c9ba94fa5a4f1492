"""
Sample projects, as text: their code is bad on purpose.

Every line that binds an app says so itself, `# source -> target: kind`, so that what is expected stands where the
cause stands, and whatever else is reported is wrong.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
_MARK = re.compile(r"(\w+) -> ([\w*]+): ([\w-]+)")

MANAGE = """\
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
"""

SETTINGS = """\
SECRET_KEY = "x"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes",
    "shop.catalog", "shop.orders", "shop.billing.apps.BillingConfig", "shop.search", "shop.lonely",
]
"""

CATALOG_MODELS = """\
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=20)
    tags = models.ManyToManyField(  # catalog -> search: many-to-many, catalog -> orders: many-to-many
        "search.Tag", through="orders.Tagging"
    )


class Owned(models.Model):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)  # orders -> auth: background

    class Meta:
        abstract = True
"""

ORDERS_MODELS = """\
from django.db import models

from shop.catalog.models import Owned, Product  # orders -> catalog: model


class Order(Owned):
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE)  # orders -> catalog: foreign-key
    paid = models.BooleanField(default=False)


class Tagging(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, db_constraint=False)  # orders -> catalog: foreign-key
    tag = models.OneToOneField("search.Tag", on_delete=models.CASCADE)  # orders -> search: foreign-key


class Gift(Product):  # orders -> catalog: inheritance
    wrapping = models.CharField(max_length=20)


class Bargain(Product):  # orders -> catalog: inheritance
    class Meta:
        proxy = True
"""

ORDERS_SERVICES = """\
from typing import TYPE_CHECKING

from shop.catalog.contract import catalog  # orders -> catalog: contract
from shop.kit.prices import price  # orders -> billing: indirect

if TYPE_CHECKING:
    from shop.billing.money import Money


def place(order: "Money"):
    from shop.search import index  # orders -> search: import
    from ..catalog import models as goods  # orders -> catalog: model

    goods.Product.objects.create(name="x")  # orders -> catalog: write
    return index, order.items.create(), price
"""

BILLING_APPS = """\
from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "shop.billing"

    def ready(self):
        from shop.billing import receivers
"""

BILLING_MODELS = """\
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Invoice(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)  # billing -> contenttypes: background
    object_id = models.BigIntegerField()
    reason = GenericForeignKey()  # billing -> *: generic


class OrderTotal(models.Model):  # billing -> orders: shared-table
    paid = models.BooleanField()

    class Meta:
        managed = False
        db_table = "orders_order"
"""

BILLING_RECEIVERS = """\
from django.db.models.signals import post_save
from django.dispatch import receiver


@receiver(post_save, sender="orders.Order")  # billing -> orders: signal
def charge(sender, **_):
    pass


@receiver(post_save, sender="billing.Invoice")
def own(sender, **_):
    pass
"""

BILLING_TASKS = """\
import logging

from django.apps import apps
from django.utils.module_loading import import_string

Order = apps.get_model("orders", "order")  # billing -> orders: model
rebuild = import_string("shop.search.index.rebuild")  # billing -> search: import
log = logging.getLogger("shop.orders.services")
log.info("search.index.finished")
log.info("orders.order")


def settle(facts):
    Order.objects.filter(pk=1).update(paid=True)  # billing -> orders: write
    Order.objects.filter(pk=1).first()
    facts.update(search="Tag")
    return facts.values_list("orders", "order")
"""

SHOP = {
    "manage.py": MANAGE,
    "shop/settings.py": SETTINGS,
    "shop/kit/prices.py": "from shop.kit import deep\n",
    "shop/kit/deep.py": "from shop.billing import money\n",
    "shop/catalog/models.py": CATALOG_MODELS,
    "shop/catalog/contract/__init__.py": "catalog = None\n",
    "shop/orders/models.py": ORDERS_MODELS,
    "shop/orders/services.py": ORDERS_SERVICES,
    "shop/orders/tests/test_place.py": "from shop.billing import money\n",
    "shop/orders/migrations/0001_initial.py": "from shop.billing import money\n",
    "shop/billing/apps.py": BILLING_APPS,
    "shop/billing/models.py": BILLING_MODELS,
    "shop/billing/money.py": "class Money: ...\n",
    "shop/billing/receivers.py": BILLING_RECEIVERS,
    "shop/billing/tasks.py": BILLING_TASKS,
    "shop/search/models.py": "from django.db import models\n\n\nclass Tag(models.Model):\n    pass\n",
    "shop/search/index.py": "def rebuild():\n    pass\n",
    "shop/lonely/models.py": "",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write a project; every folder with Python in it becomes a package."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for inner in {path.parent for path in folder.rglob("*.py")} - {folder}:
        (inner / "__init__.py").touch()
    return folder


def marked(files: dict[str, str]) -> set[tuple[str, str, str, str]]:
    """Return what the lines say of themselves: source, target, kind, place."""
    return {
        (*mark.groups(), f"{name}:{number}")
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        for mark in _MARK.finditer(line.partition("#")[2])
    }


def run(
    folder: Path, *words: str, start: tuple[str, ...] = ("-m", "strangler.boundaries.seams"), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Look at a project as a person in its folder does."""
    env = {k: v for k, v in os.environ.items() if k not in {"DJANGO_SETTINGS_MODULE", "COLUMNS"}}
    env |= {"PYTHONPATH": str(ROOT), "COLUMNS": "160", **environment}
    return subprocess.run([sys.executable, *start, *words], cwd=folder, env=env, capture_output=True, text=True)


def look(folder: Path, *words: str, **environment: str) -> dict:
    """Return what `--json` says of a project."""
    done = run(folder, "--json", *words, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
