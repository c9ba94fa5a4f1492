"""A sample project that knows its own seams, and what the toolkit says of it in a process of its own."""

from __future__ import annotations

import pytest

from tests.unit.boundaries.seams.projects import SHOP, look, write


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The sample project's folder; it is no git repository."""
    return write(tmp_path_factory.mktemp("projects") / "shop", SHOP)


@pytest.fixture(scope="session")
def survey(shop):
    """What `--json` says of the sample project."""
    return look(shop)
