"""What CI runs of the suites, and what is left to the long run."""

from __future__ import annotations

import pytest

_HOMES = {"monolith", "service"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Leave most of SQLite to `make soak`.

    CI runs the suites on PostgreSQL in each home and while the rows go to and fro, where either home answers every
    operation; on SQLite it runs what is about two homes.
    """
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        places = {params.get("catalog_url"), params.get("inventory_url")}
        if params.get("platform") == "sqlite" and (places & _HOMES or item.path.stem != "test_two_homes"):
            item.add_marker(pytest.mark.soak)
