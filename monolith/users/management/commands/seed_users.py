"""`manage.py seed_users`: customers, so that there is somebody to sell to."""

from __future__ import annotations

import os
import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from monolith.users import passwords
from monolith.users.contract import WeakPassword
from monolith.users.seed import DEFAULT_SEED, populate
from strangler.hosting.batches import BatchCommand

_VARIABLE = "SEED_PASSWORD"


class Command(BatchCommand):
    """Parse and tell; the work is in `monolith.users.seed`. Command lines are public, so the password is elsewhere."""

    help = f"Make active customers; all have the password in {_VARIABLE}, or none that works. Who is there stays."
    doing = "making customers"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customers", type=int, default=100)
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another number, other customers")

    def handle(self, *args: Any, customers: int, seed: int, **options: Any) -> None:
        began = time.monotonic()
        batches = populate(customers, password_hash=_password_hash(os.environ.get(_VARIABLE)), seed=seed)
        made = self.follow(batches, customers)
        took_s = time.monotonic() - began
        self.stdout.write(f"{made} customers made, {customers - made} were there already ({took_s:.1f} s).")


def _password_hash(password: str | None) -> str:
    if password is None:
        return passwords.UNUSABLE
    try:
        passwords.check_strength(password)
    except WeakPassword as refusal:
        raise CommandError(f"{_VARIABLE}: {refusal}") from refusal
    return passwords.hashed(password)
