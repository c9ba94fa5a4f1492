"""Fixtures that every suite may use."""

from __future__ import annotations

import pytest

from tests.support.postgres import running_postgres


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL server for the session, with the databases `monolith` and `service`."""
    with running_postgres("monolith", "service") as server:
        yield server
