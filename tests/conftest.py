"""The seed of a run, and fixtures that every suite may use."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import Settings, settings

from tests.support.postgres import running_postgres
from tests.support.scheduling import ByPlatform


def pytest_configure() -> None:
    """Choose a seed once, for all processes of a run, and let no busy machine fail what is generated."""
    os.environ.setdefault("SEED", str(random.randrange(2**31)))
    hypothesis.settings.register_profile(
        "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("patient")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what failed and why: a long run that is cut off has then told its reasons."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        crash = getattr(report.longrepr, "reprcrash", None)
        why = crash.message if crash else str(report.longrepr)
        print(f"\n{report.when} of {report.nodeid}: {why[:2000]}", file=sys.__stderr__, flush=True)


def pytest_report_header() -> str:
    """Say how to repeat the run."""
    return f"seed: SEED={os.environ['SEED']}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByPlatform | None:
    """Let no process of a run by files start a platform that another has."""
    return ByPlatform(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """See to it that no file's changes of the settings reach the tests of the next one."""
    yield
    if nextitem is None or nextitem.path != item.path:
        assert isinstance(settings._wrapped, Settings), "a fixture has changed Django's settings and not put them back"


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
