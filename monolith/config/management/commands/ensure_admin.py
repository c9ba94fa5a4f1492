"""Make the admin's first user, unless it is there: a start that was cut off is simply repeated."""

from __future__ import annotations

import os
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

PASSWORD_VARIABLE = "ADMIN_PASSWORD"  # noqa: S105  a name, no password


class Command(BaseCommand):
    """The password comes by the environment, for command lines are public."""

    help = f"Make the superuser `admin` with the password in {PASSWORD_VARIABLE}, unless there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        if not users.filter(username="admin").exists():
            users.create_superuser("admin", "admin@localhost", os.environ[PASSWORD_VARIABLE])
