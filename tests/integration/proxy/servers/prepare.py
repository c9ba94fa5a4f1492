"""Migrate the front's database and say that `sample` has moved."""

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from strangler.state import Change, publish  # noqa: E402

call_command("migrate", verbosity=0)
publish(Change("sample", {"stage": "extracted", "writer": "service", "epoch": 2}, verb="test", actor="test"))
