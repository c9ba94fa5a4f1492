"""Print a token for writing, signed by the development key."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from monolith.config.run.keys import STAFF_SCOPES, TOKEN_TTL_S, staff_token


class Command(BaseCommand):
    """Made for shells: `TOKEN=$(manage.py staff_token)`."""

    help = "Print a token for writing, signed by the development key, which is made when it is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--subject", default="staff", help="whose token (default: staff)")
        parser.add_argument("--scope", action="append", help=f"what it may do (default: {' '.join(STAFF_SCOPES)})")
        parser.add_argument("--ttl-s", type=float, default=TOKEN_TTL_S, help="how long it is valid")

    def handle(self, *args: Any, **options: Any) -> None:
        strangler = settings.STRANGLER
        token = staff_token(
            Path(strangler["SUBJECT_JWKS"]).parent,
            subject=options["subject"],
            scopes=tuple(options["scope"] or STAFF_SCOPES),
            ttl_s=options["ttl_s"],
            issuer=strangler["SUBJECT_ISSUER"],
            audience=strangler["SUBJECT_AUDIENCE"],
        )
        self.stdout.write(token)
