"""What CI runs of the suites, and what is left to the long run."""

from __future__ import annotations

from pathlib import Path

import pytest

_HOMES = {"monolith", "service"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Mark every suite here as one that needs live hosts, and leave most of SQLite to `make soak`.

    CI runs the suites on PostgreSQL in each home and while the rows go to and fro, where either home answers every
    operation; on SQLite it runs what is about two homes. The bindings, which have such platforms too, are left alike.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.platform)
        params = item.callspec.params if hasattr(item, "callspec") else {}
        places = {value for name, value in params.items() if name.endswith("_url")}
        if params.get("platform") == "sqlite" and (places & _HOMES or item.path.stem != "test_two_homes"):
            item.add_marker(pytest.mark.soak)
