"""Services may follow the table of routes in the monolith's database; the roles themselves are PostgreSQL's."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from monolith.config.management.commands.admit_routers import Command


@pytest.mark.django_db
def test_without_roles_it_says_why():
    if connection.vendor == "postgresql":
        with pytest.raises(CommandError, match="nobody_here is not admitted"):
            call_command(Command(), "nobody_here")
    else:
        with pytest.raises(CommandError, match="Roles are PostgreSQL's"):
            call_command(Command(), "router")
