"""The seed of a run, and fixtures that every suite may use."""

from __future__ import annotations

import os
import random

import pytest

from tests.support.postgres import running_postgres


def pytest_configure() -> None:
    """Choose a seed once, for all processes of a run."""
    os.environ.setdefault("SEED", str(random.randrange(2**31)))


def pytest_report_header() -> str:
    """Say how to repeat the run."""
    return f"seed: SEED={os.environ['SEED']}"


@pytest.fixture(scope="session")
def seed() -> int:
    """The run's seed, by which samples of large matrices are taken."""
    return int(os.environ["SEED"])


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
