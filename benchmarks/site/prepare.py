"""Migrate the site's database; with `moved` say that its routes are served by the other home."""

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from strangler.state import Change, publish  # noqa: E402

call_command("migrate", verbosity=0)
if "moved" in sys.argv:
    values = {"stage": "extracted", "writer": "service", "epoch": 2}
    publish(Change("site", values, verb="benchmark", actor="benchmark"))
