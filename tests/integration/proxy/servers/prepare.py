"""Migrate a home's database and say that `sample` has moved to the service."""

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from strangler.fence import fence_of, tables_of  # noqa: E402
from strangler.models import Ownership  # noqa: E402
from strangler.state import Change, publish  # noqa: E402

call_command("migrate", verbosity=0)
with transaction.atomic():
    fence_of(connection).disable(tables_of("sample"))
    Ownership.objects.update(owner="service", epoch=2)
publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, verb="test", actor="test"))
get_user_model().objects.create_superuser("ann", password="secret")
