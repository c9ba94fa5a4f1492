"""Fixtures that every suite may use."""

from __future__ import annotations

import pytest

from tests.support.postgres import running_postgres


@pytest.fixture(scope="session")
def postgres():
    """One PostgreSQL server for the session, with the databases `monolith` and `service`."""
    with running_postgres("monolith", "service") as server:
        yield server


@pytest.fixture
def sample_alone(settings):
    """Let this host have the sample capability and no other."""
    strangler = settings.STRANGLER
    sample = {"sample": strangler["CAPABILITIES"]["sample"]}
    settings.STRANGLER = {**strangler, "CAPABILITIES": sample}
